/** A version laid out for point reads: its runs in one list, newest first, and the ends of their tables to search. */

import { compareBytes, type KeyRange, rangeIsEmpty } from '../../base/index.js';
import { SourceList } from '../cursor/source-list.js';
import type { TombstoneView } from '../cursor/uncovered-cursor.js';
import type { CursorSources } from '../cursor/engine-cursor.js';
import type { EntryKind, Timestamp } from '../entry.js';
import { RunCursor } from '../table/run-cursor.js';
import { SortedKeys } from '../table/sorted-keys.js';
import type { Table } from '../table/table.js';
import { RangeTombstones } from '../tombstone/range-tombstones.js';
import type { Version } from '../version/version.js';
import type { MemtableStack } from './memtable-stack.js';

/** Where a point read has found a version: its fields hold until the next read of the same source. */
export interface FoundVersion {
  readonly foundKind: EntryKind;
  readonly foundTimestamp: Timestamp;
  readonly foundValueBytes: Uint8Array;
  readonly foundValueStart: number;
  readonly foundValueEnd: number;
  /** Lets go of memory that was only made for this answer. */
  releaseFound?(): void;
}

/** Tables hold on to the block of the last answer up to this size, so that small reads have nothing to do. */
export const KEPT_FOUND_BYTES_MAX = 64 * 1024;

export interface CursorOptions {
  readonly asOf: Timestamp;
  /** The moment at which expiry is judged. Default: the one at which the cursor first meets a value that expires. */
  readonly atMs?: number | undefined;
  /** Descending. Default false. */
  readonly reverse?: boolean;
  /** Deletions that are not committed, but hide what is. */
  readonly cleared?: TombstoneView | undefined;
}

export class PlannedRun {
  /** Ascending, without overlap, at least one. */
  readonly tables: readonly Table[];
  readonly #ends: SortedKeys;
  readonly #hasTombstones: boolean;
  #tombstones: RangeTombstones | undefined;

  constructor(tables: readonly Table[]) {
    this.tables = tables;
    this.#hasTombstones = tables.some((table) => table.rangeTombstones > 0);
    this.#ends = new SortedKeys(tables.length, (number) => tables[number]!.largest);
  }

  /** The only table that can hold `key`, if any does. */
  tableFor(key: Uint8Array): Table | undefined {
    // The filter of a single table answers faster than a comparison with its bounds.
    return this.tables.length === 1 ? this.tables[0] : this.tables[this.#ends.lowerBound(key)];
  }

  /** Those of all its tables; undefined when there are none. The first call opens the tables that have some. */
  get tombstones(): RangeTombstones | undefined {
    if (this.#hasTombstones) this.#tombstones ??= tombstonesOf(this.tables);
    return this.#tombstones;
  }

  touches({ lower, upper }: KeyRange): boolean {
    return (
      (upper === undefined || compareBytes(this.tables[0]!.smallest, upper) < 0) &&
      (lower === undefined || compareBytes(this.tables.at(-1)!.largest, lower) >= 0)
    );
  }
}

/** The tombstones of tables that ascend without overlap. */
export function tombstonesOf(tables: readonly Table[]): RangeTombstones {
  const withSome = tables.filter((table) => table.rangeTombstones > 0);
  return new RangeTombstones(withSome.flatMap((table) => table.reader().tombstones?.fragments ?? []));
}

export class ReadPlan {
  readonly version: Version<Table>;
  /** What an earlier one says of a key is newer. */
  readonly runs: readonly PlannedRun[];

  constructor(version: Version<Table>) {
    this.version = version;
    this.runs = version.levels.flatMap((level) => level.runs.map((run) => new PlannedRun(run.tables)));
  }

  /** False when nothing of `range` is anywhere, as far as can be said without looking into tables or memtables. */
  mayHold({ active, sealed }: MemtableStack, range: KeyRange): boolean {
    const hasMemtable = active.count > 0 || sealed.some(({ memtable }) => memtable.count > 0);
    return hasMemtable || this.runs.some((run) => run.touches(range));
  }

  /** Everything that can hold keys, as it is now; `asOf` is of a published commit. */
  sources({ active, sealed }: MemtableStack, { asOf, reverse = false, cleared }: CursorOptions): CursorSources {
    const memtables = active.count > 0 ? [active] : [];
    for (const { memtable } of sealed) if (memtable.count > 0) memtables.push(memtable);
    return {
      open: (range) => {
        const sources = new SourceList(asOf, reverse, cleared);
        if (rangeIsEmpty(range)) return sources.merged();
        for (const memtable of memtables) sources.add(memtable.cursor(reverse), memtable.tombstones);
        for (const run of this.runs) {
          if (!run.touches(range)) continue;
          sources.add(new RunCursor(run.tables, { reverse, bulk: false, range, asOf }), run.tombstones);
        }
        return sources.merged();
      },
    };
  }
}
