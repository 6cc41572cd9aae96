/** What one or several runs of a suite measured, as it is kept in a JSON file, and its rows: medians over all rounds. */

import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Figures, Measurement } from '../measurement/measurement.js';
import type { RoundsResult } from '../rounds.js';
import { SUITES, type SuiteSettings } from '../suite.js';
import type { Conditions } from './conditions.js';

export interface Results extends Conditions, RoundsResult {
  readonly suite: string;
  readonly settings: SuiteSettings;
  /** What was typed, run by run. */
  readonly commands: readonly string[];
}

/** One line of a table: a workload on an engine. */
export interface Row extends Figures {
  readonly suite: string;
  readonly workload: string;
  readonly engine: string;
  readonly durability: string;
  readonly records: number;
  readonly valueBytes: number;
  readonly rounds: number;
  readonly facts: Readonly<Record<string, number>>;
}

export class MergeError extends Error {}

/** Reads result files of runs with the same settings on the same machine, and takes their rounds together. */
export function readResults(paths: readonly string[]): Results {
  return paths
    .map((path) => JSON.parse(readFileSync(path, 'utf8')) as Results)
    .reduce((merged, next, index) => merge(merged, next, paths[index]!));
}

function merge(merged: Results, next: Results, path: string): Results {
  for (const field of ['suite', 'settings', 'machine'] as const) {
    if (!isDeepStrictEqual(merged[field], next[field])) {
      throw new MergeError(`${path} has another ${field}: ${JSON.stringify(next[field])}`);
    }
  }
  for (const [name, version] of Object.entries(next.versions)) {
    const before = merged.versions[name];
    if (before !== undefined && before !== version)
      throw new MergeError(`${path} has ${name} ${version}, not ${before}`);
  }
  const engines = new Set([...Object.keys(merged.measurements), ...Object.keys(next.measurements)]);
  return {
    ...merged,
    date: merged.date > next.date ? merged.date : next.date,
    versions: { ...merged.versions, ...next.versions },
    commands: [...new Set([...merged.commands, ...next.commands])],
    measurements: Object.fromEntries(
      [...engines].map((engine) => [
        engine,
        [...(merged.measurements[engine] ?? []), ...(next.measurements[engine] ?? [])],
      ]),
    ),
    profiles: { ...merged.profiles, ...next.profiles },
    failures: { ...merged.failures, ...next.failures },
  };
}

/** In the order of the suite's workloads, and within each by speed. */
export function rowsOf({ suite, settings, measurements }: Results): Row[] {
  const { workloads, durableWorkloads } = SUITES[suite]!;
  const { durability, records, valueBytes } = settings;
  return Object.entries(measurements)
    .flatMap(([engine, all]) =>
      [...byWorkload(all)].map(([workload, rounds]) => ({
        suite,
        workload,
        engine,
        durability: durableWorkloads.includes(workload) ? 'commit' : durability,
        records,
        valueBytes,
        rounds: rounds.length,
        ...medians(rounds),
      })),
    )
    .toSorted((a, b) => workloads.indexOf(a.workload) - workloads.indexOf(b.workload) || b.opsPerSec - a.opsPerSec);
}

export function byWorkload<Item extends { readonly workload: string }>(items: readonly Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(item.workload);
    if (group === undefined) groups.set(item.workload, [item]);
    else group.push(item);
  }
  return groups;
}

function medians(rounds: readonly Measurement[]): Figures & Pick<Row, 'facts'> {
  const required = (pick: (round: Measurement) => number): number => median(rounds.map(pick))!;
  const optional = (pick: (round: Measurement) => number | null): number | null => median(rounds.map(pick));
  const factNames = Object.keys(rounds[0]!.facts);
  return {
    opsPerSec: required((round) => round.opsPerSec),
    p50us: required((round) => round.p50us),
    p99us: required((round) => round.p99us),
    bytesWritten: optional((round) => round.bytesWritten),
    bytesOnDisk: required((round) => round.bytesOnDisk),
    rssMb: required((round) => round.rssMb),
    pauseP50us: optional((round) => round.pauseP50us),
    pauseP99us: optional((round) => round.pauseP99us),
    pauseP999us: optional((round) => round.pauseP999us),
    pauseMaxUs: optional((round) => round.pauseMaxUs),
    facts: Object.fromEntries(factNames.map((name) => [name, required((round) => round.facts[name] ?? 0)])),
  };
}

/** Of an even number the lower one; null when a value is missing. */
function median(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  return sorted.length === values.length ? sorted[Math.floor((sorted.length - 1) / 2)]! : null;
}
