/** Medians, ratios and the machine they belong to. */

import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import type { Measurement } from './measurement.js';
import type { RoundsPlan, RoundsResult } from './rounds.js';

/** One line of the JSON output; the medians over all rounds. */
export interface Row extends Measurement {
  readonly suite: string;
  readonly engine: string;
  readonly durability: string;
  readonly records: number;
  readonly valueBytes: number;
}

const FIGURES = ['opsPerSec', 'p50us', 'p99us', 'bytesWritten', 'bytesOnDisk', 'rssMb'] as const;
/** Linux's number for a file system in memory, where a sync costs nothing. */
const TMPFS = 0x01021994;

export function medianRows(plan: RoundsPlan, result: RoundsResult): Row[] {
  const { durability, records, valueBytes } = plan.settings;
  return [...result.measurements].flatMap(([engine, all]) =>
    [...byWorkload(all)].map(([workload, rounds]) => ({
      suite: plan.suite,
      engine,
      durability: workload === 'fillsync' ? 'commit' : durability,
      records,
      valueBytes,
      ...medians(workload, rounds),
    })),
  );
}

function byWorkload<Item extends Measurement>(items: readonly Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(item.workload);
    if (group === undefined) groups.set(item.workload, [item]);
    else group.push(item);
  }
  return groups;
}

function medians(workload: string, rounds: readonly Measurement[]): Measurement {
  const figures = FIGURES.map((figure) => [figure, median(rounds.map((round) => round[figure]))] as const);
  return { workload, ...(Object.fromEntries(figures) as Record<(typeof FIGURES)[number], number>) };
}

function median(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  return sorted.length === values.length ? sorted[Math.floor((sorted.length - 1) / 2)]! : null;
}

/** One table per workload: engines by speed, and Varve's ratio to the best of the others. */
export function printRows(rows: readonly Row[]): void {
  for (const [workload, ofWorkload] of byWorkload(rows)) {
    const table = new Table({
      head: ['engine', 'ops/s', 'p50 µs', 'p99 µs', 'MB written', 'MB on disk', 'RSS MB'],
      colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
      style: { head: [], border: [], compact: true },
    });
    for (const row of ofWorkload.toSorted((a, b) => b.opsPerSec - a.opsPerSec)) {
      table.push([
        row.engine,
        Math.round(row.opsPerSec).toLocaleString('en'),
        row.p50us.toFixed(1),
        row.p99us.toFixed(1),
        row.bytesWritten === null ? '?' : (row.bytesWritten / 1e6).toFixed(1),
        (row.bytesOnDisk / 1e6).toFixed(1),
        row.rssMb.toFixed(0),
      ]);
    }
    console.log(`\n${workload} (durability ${ofWorkload[0]!.durability})${ratioText(ofWorkload)}\n${table.toString()}`);
  }
}

function ratioText(rows: readonly Row[]): string {
  const own = rows.find(({ engine }) => engine === 'varve');
  const peers = rows.filter(({ engine }) => engine !== 'varve').toSorted((a, b) => b.opsPerSec - a.opsPerSec);
  const best = peers[0];
  if (own === undefined || best === undefined) return '';
  return `: varve is at ${(own.opsPerSec / best.opsPerSec).toFixed(2)} × the best peer, ${best.engine}`;
}

export interface Conditions {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly rounds: number;
  readonly durability: string;
}

export function conditionsOf(plan: RoundsPlan): Conditions {
  const processors = cpus();
  const memoryGb = (totalmem() / 2 ** 30).toFixed(0);
  const place =
    existsSync(tmpdir()) && statfsSync(tmpdir()).type === TMPFS ? ', files in memory: syncs cost nothing' : '';
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${processors.length} × ${processors[0]?.model.trim()}, ${memoryGb} GB, ${type()} ${release()}${place}`,
    versions: { node: process.version, ...Object.fromEntries(plan.engines.map((name) => [name, versionOf(name)])) },
    seed: plan.settings.seed,
    rounds: plan.rounds,
    durability: plan.settings.durability,
  };
}

function versionOf(engine: string): string {
  const manifest = engine === 'varve' ? '../../package.json' : `../node_modules/${engine}/package.json`;
  try {
    const text = readFileSync(fileURLToPath(new URL(manifest, import.meta.url)), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return 'not installed';
  }
}
