/**
 * When space is taken back from files of values, as pure functions of the version. Of a file's bytes those are garbage that
 * no table points to. That is exact, but a table points to what a newer one has overwritten until both are merged: so
 * there are two plans. Collection rewrites a table that points into files with much garbage, in its place, and moves the rest
 * of their values. Discovery merges all runs, to learn what is garbage, when that can be much and the tables, which hold
 * pointers, are little to write.
 */

import { FILE_HEADER_BYTES } from '../format/file-header.js';
import { placeNumber } from '../format/value-pointer.js';
import { referencedBytes } from '../values/segment-references.js';
import type { Version } from '../version/version.js';
import type { TableMeta } from '../format/manifest-edit.js';
import { type CompactionPlan, planRange } from './compaction-plan.js';

export interface ValueSpace {
  /** Size of the files that tables point into. */
  readonly bytes: number;
  /** What tables point to. */
  readonly liveBytes: number;
  /** What the oldest run points to: what all others overwrote would be missing from it. */
  readonly baseBytes: number;
  /** Of all tables. */
  readonly tableBytes: number;
  /** Files by place, with their garbage and what is alive in them. */
  readonly files: readonly { readonly place: number; readonly garbage: number; readonly liveBytes: number }[];
}

/** Emptying a file with less would write more than eight times what it frees. */
const GARBAGE_MIN = 1 / 9;
/** So many small files may stay. */
const SMALL_FILES_MAX = 16;
/** Discovery pays while tables are at most this part of what it may free. */
const TABLE_RATIO = 1 / 2;

/** @param sizes of the files by place. */
export function valueSpace(version: Version, sizes: ReadonlyMap<number, number>): ValueSpace {
  const live = referencedBytes(version.tables());
  const files: { place: number; garbage: number; liveBytes: number }[] = [];
  let liveBytes = 0;
  let bytes = 0;
  for (const [place, referenced] of live) {
    const sizeBytes = sizes.get(place) ?? 0;
    files.push({ place, liveBytes: referenced, garbage: (sizeBytes - FILE_HEADER_BYTES - referenced) / sizeBytes });
    liveBytes += referenced;
    bytes += sizeBytes;
  }
  let tableBytes = 0;
  for (const table of version.tables()) tableBytes += table.sizeBytes;
  const oldest = version.levels.at(-1)?.runs.at(-1)?.tables ?? [];
  const baseBytes = [...referencedBytes(oldest).values()].reduce((sum, referenced) => sum + referenced, 0);
  return { bytes, liveBytes, baseBytes, tableBytes, files };
}

export interface WearLimits {
  /** Files with this much garbage go. */
  readonly garbageRatio: number;
  /** Files with less go too, until so much is freed. */
  readonly excessBytes: number;
  /** One job moves no more than this, unless a single file has more: what it writes takes space before anything is freed. */
  readonly movedBytesMax: number;
}

/** The files to empty, those with most garbage first: as many as one job may move. */
export function wornPlaces(
  files: ValueSpace['files'],
  { garbageRatio, excessBytes, movedBytesMax }: WearLimits,
): number[] {
  const places: number[] = [];
  let movedBytes = 0;
  let freedBytes = 0;
  for (const { place, garbage, liveBytes } of files.toSorted((a, b) => b.garbage - a.garbage)) {
    if (garbage < garbageRatio && (freedBytes >= excessBytes || garbage < GARBAGE_MIN)) break;
    movedBytes += liveBytes;
    if (movedBytes > movedBytesMax && places.length > 0) break;
    freedBytes += (liveBytes * garbage) / (1 - garbage);
    places.push(place);
  }
  return places;
}

/**
 * Files to join because there are many with little in them: a short run of a program leaves one each.
 *
 * @param limits.bytesMax of a small one. @param limits.before the first file number that does not count: what joining writes
 * is not joined again, so that it comes to an end.
 */
export function smallPlaces(
  files: ValueSpace['files'],
  limits: { readonly bytesMax: number; readonly movedBytesMax: number; readonly before: number },
): number[] {
  const small = files.filter(
    ({ place, liveBytes }) => placeNumber(place) < limits.before && liveBytes < limits.bytesMax,
  );
  if (small.length <= SMALL_FILES_MAX) return [];
  let movedBytes = 0;
  return small.filter(({ liveBytes }) => (movedBytes += liveBytes) <= limits.movedBytesMax).map(({ place }) => place);
}

/** Rewrites a table that points into `places` where it is. */
export function planCollection<T extends TableMeta>(
  version: Version<T>,
  places: readonly number[],
): CompactionPlan<T> | undefined {
  if (places.length === 0) return undefined;
  const worn = new Set(places);
  for (const [level, { runs }] of version.levels.entries()) {
    for (const run of runs) {
      const table = run.tables.find(({ references }) => references.some(({ place }) => worn.has(place)));
      if (table === undefined) continue;
      return { level, inputs: [{ level, tables: [table] }], outputLevel: level, outputRun: run.id, move: false };
    }
  }
  return undefined;
}

/**
 * Merges everything when newer runs point to much. @param bytesMin less is not worth it. @param levelMin see `planRange`.
 */
export function planDiscovery<T extends TableMeta>(
  version: Version<T>,
  space: ValueSpace,
  { bytesMin, levelMin }: { readonly bytesMin: number; readonly levelMin: number },
): CompactionPlan<T> | undefined {
  const newer = space.liveBytes - space.baseBytes;
  if (newer < bytesMin) return undefined;
  if (space.tableBytes > newer * TABLE_RATIO) return undefined;
  const runs = version.levels.reduce((sum, level) => sum + level.runs.length, 0);
  return runs < 2 ? undefined : planRange(version, {}, levelMin);
}
