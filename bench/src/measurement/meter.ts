/** Times workloads, operation by operation, and what the process did meanwhile. */

import { type Figures, type Measurement, NO_PAUSES } from './measurement.js';
import { loopTurn, PauseMonitor } from './pause-monitor.js';
import { bytesOnDisk, bytesWrittenByProcess, residentMb } from './process-figures.js';
import { WorkloadProfiler } from './profiler.js';

export type Facts = Readonly<Record<string, number>>;
/** What else there is to say of a workload when it has run. */
export type TellFacts = (figures: Figures) => Promise<Facts> | Facts;

export interface Workload {
  readonly name: string;
  /** Whose space is counted. */
  readonly directory: string;
  readonly calls: number;
  /** As how many operations a call counts. Default 1. */
  readonly opsPerCall?: number;
  /** Makes the inputs of the calls from … to − 1. Not timed. */
  readonly prepare?: (from: number, to: number) => void;
  /** How many calls have their inputs prepared at a time. Default 1000. */
  readonly callsPerPreparation?: number;
  /** Runs a call; a promise is waited for before the next. */
  readonly run: (call: number) => unknown;
  /** Gives the event loop a turn after every call, and measures its pauses. */
  readonly watchPauses?: boolean;
  /** Runs although nobody asked for its figures: other workloads need what it leaves. */
  readonly needed?: boolean;
  readonly facts?: TellFacts;
}

export interface ClientsWorkload {
  readonly name: string;
  readonly directory: string;
  readonly clients: number;
  readonly callsPerClient: number;
  /** Of each client, before those that are measured. */
  readonly warmUpCalls?: number;
  /** Each client waits for its call before its next; the clients do not wait for each other. */
  readonly run: (client: number, call: number) => Promise<unknown>;
  readonly facts?: TellFacts;
}

const CALLS_PER_PREPARATION = 1000;

export interface MeterOptions {
  /** Names of the workloads that are wanted; all when undefined. */
  readonly only?: readonly string[] | undefined;
  /** Runs every wanted workload under the profiler. */
  readonly profile?: boolean;
  readonly nowMs?: () => number;
}

export class Meter {
  readonly measurements: Measurement[];
  readonly #options: MeterOptions;
  readonly #only: ReadonlySet<string> | undefined;
  readonly #suffix: string;
  readonly #nowMs: () => number;

  constructor(options: MeterOptions = {}, suffix = '', measurements: Measurement[] = []) {
    this.#options = options;
    this.#only = options.only === undefined ? undefined : new Set(options.only);
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#suffix = suffix;
    this.measurements = measurements;
  }

  /** One that adds to the same measurements under longer names: `name/suffix`. */
  suffixed(suffix: string): Meter {
    return new Meter(this.#options, `${this.#suffix}/${suffix}`, this.measurements);
  }

  wants(...names: readonly string[]): boolean {
    return this.#only === undefined || names.some((name) => this.#only?.has(name + this.#suffix));
  }

  async measure(workload: Workload): Promise<void> {
    const { name, calls, opsPerCall = 1, directory, watchPauses = false } = workload;
    if (!this.wants(name) && workload.needed !== true) return;
    const latenciesMs = new Float64Array(calls);
    await this.#record(name, directory, watchPauses, workload.facts, async () => {
      const elapsedMs = await runCalls(workload, latenciesMs, this.#nowMs);
      return { elapsedMs, ops: calls * opsPerCall, latenciesMs };
    });
  }

  async measureClients(workload: ClientsWorkload): Promise<void> {
    const { name, directory, clients, callsPerClient, warmUpCalls = 0, run, facts } = workload;
    if (!this.wants(name)) return;
    const latenciesMs = new Float64Array(clients * callsPerClient);
    const together = async (runClient: (client: number) => Promise<void>): Promise<void> => {
      await Promise.all(Array.from({ length: clients }, (_, client) => runClient(client)));
    };
    await together(async (client) => {
      for (let call = 0; call < warmUpCalls; call++) await run(client, call);
    });
    await this.#record(name, directory, false, facts, async () => {
      const startMs = this.#nowMs();
      await together(async (client) => {
        for (let call = 0; call < callsPerClient; call++) {
          const callMs = this.#nowMs();
          await run(client, warmUpCalls + call);
          latenciesMs[client * callsPerClient + call] = this.#nowMs() - callMs;
        }
      });
      return { elapsedMs: this.#nowMs() - startMs, ops: latenciesMs.length, latenciesMs };
    });
  }

  /** Takes durations that somebody else has measured, each of one operation. */
  async recordDurations(name: string, directory: string, durationsMs: readonly number[], facts: Facts): Promise<void> {
    const elapsedMs = durationsMs.reduce((sum, durationMs) => sum + durationMs, 0);
    const latenciesMs = Float64Array.from(durationsMs);
    await this.#record(
      name,
      directory,
      false,
      () => facts,
      async () => ({ elapsedMs, ops: latenciesMs.length, latenciesMs }),
    );
  }

  async #record(
    workload: string,
    directory: string,
    watchPauses: boolean,
    facts: TellFacts | undefined,
    run: () => Promise<{ elapsedMs: number; ops: number; latenciesMs: Float64Array }>,
  ): Promise<void> {
    const writtenBefore = bytesWrittenByProcess();
    const profiler = this.#options.profile === true && this.wants(workload) ? new WorkloadProfiler() : undefined;
    await profiler?.start();
    const pauses = watchPauses ? new PauseMonitor() : undefined;
    pauses?.start();
    const { elapsedMs, ops, latenciesMs } = await run();
    const pauseFigures = pauses?.stop() ?? NO_PAUSES;
    const profile = (await profiler?.stop()) ?? null;
    const writtenAfter = bytesWrittenByProcess();
    if (!this.wants(workload)) return;
    latenciesMs.sort();
    const figures: Figures = {
      opsPerSec: (ops * 1000) / elapsedMs,
      p50us: latenciesMs[Math.floor((latenciesMs.length - 1) * 0.5)]! * 1000,
      p99us: latenciesMs[Math.floor((latenciesMs.length - 1) * 0.99)]! * 1000,
      bytesWritten: writtenBefore === null || writtenAfter === null ? null : writtenAfter - writtenBefore,
      bytesOnDisk: bytesOnDisk(directory),
      rssMb: residentMb(),
      ...pauseFigures,
    };
    this.measurements.push({
      workload: workload + this.#suffix,
      ...figures,
      facts: (await facts?.(figures)) ?? {},
      profile,
    });
  }
}

/** Returns the time of all calls, that of their preparation left out. */
async function runCalls(
  { calls, callsPerPreparation = CALLS_PER_PREPARATION, prepare, run, watchPauses = false }: Workload,
  latenciesMs: Float64Array,
  clockMs: () => number,
): Promise<number> {
  let elapsedMs = 0;
  for (let from = 0; from < calls; from += callsPerPreparation) {
    const to = Math.min(calls, from + callsPerPreparation);
    prepare?.(from, to);
    // No program keeps the loop for good: engines may need it for what their threads report.
    await loopTurn();
    const startMs = clockMs();
    let previousMs = startMs;
    for (let call = from; call < to; call++) {
      const pending = run(call);
      // Awaiting a value that is no promise would cost synchronous engines a turn of the microtask queue.
      if (pending instanceof Promise) await pending;
      if (watchPauses) await loopTurn();
      const nowMs = clockMs();
      latenciesMs[call] = nowMs - previousMs;
      previousMs = nowMs;
    }
    elapsedMs += previousMs - startMs;
  }
  return elapsedMs;
}
