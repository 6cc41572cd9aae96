/**
 * The sampling profiler of V8 (that of `node --cpu-prof`) around one workload: which functions of the main thread took
 * the time. Worker threads are not in it.
 */

import { Session, type Profiler } from 'node:inspector/promises';
import type { ProfileLine } from './measurement.js';

const SAMPLE_US = 200;
const LINES = 8;
/** Time that is nobody's: waiting for a file operation or a timer, and the profiler itself. */
const NOT_WORK = new Set(['(idle)', '(root)', '(program)']);

export class WorkloadProfiler {
  readonly #session = new Session();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
    await this.#session.post('Profiler.start');
  }

  async stop(): Promise<ProfileLine[]> {
    const { profile } = await this.#session.post('Profiler.stop');
    this.#session.disconnect();
    return selfTimes(profile);
  }
}

/** The functions with the most self time, by share of all samples that were work and not the preparation of inputs. */
export function selfTimes({ nodes, samples = [] }: Profiler.Profile): ProfileLine[] {
  const prepared = belowPreparation(nodes);
  const nameOfNode = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const counts = new Map<string, number>();
  let working = 0;
  for (const sample of samples) {
    const name = nameOfNode.get(sample) ?? '(unknown)';
    if (NOT_WORK.has(name) || prepared.has(sample)) continue;
    working++;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, LINES)
    .map(([name, count]) => ({ function: name, share: count / working }));
}

/** Nodes of the call tree at or below `Workload.prepare`, which is not timed. Parents come before their children. */
function belowPreparation(nodes: Profiler.Profile['nodes']): Set<number> {
  const found = new Set<number>();
  for (const { id, callFrame, children = [] } of nodes) {
    if (callFrame.functionName === 'prepare') found.add(id);
    if (found.has(id)) for (const child of children) found.add(child);
  }
  return found;
}

/** With the file's name alone, without the bundler's hash: where it lies is this machine's affair. */
function nameOf({ functionName, url }: Profiler.Profile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  const file = url.slice(url.lastIndexOf('/') + 1).replace(/-[\w-]{8}\.js$/, '.js');
  return file === '' ? name : `${name} (${file})`;
}
