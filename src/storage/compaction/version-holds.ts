/**
 * Garbage that is still needed: versions that have a newer one and are kept for open snapshots alone. A job counts them per
 * table, by the snapshots that hold them, so that the picker knows what is free once those are closed. Not stored: after
 * a restart no snapshot is open, and everything superseded is free.
 */

import type { Timestamp } from '../entry.js';
import type { TableMeta } from '../format/manifest-edit.js';
import type { RetentionView } from './retention.js';

/** So many versions of a table are there only for the snapshots `from` … `to`, both included. */
export interface VersionHold {
  readonly from: Timestamp;
  readonly to: Timestamp;
  readonly entries: number;
}

/** Distinct spans counted apart; the rest is counted as one span that covers theirs, and so is free later than it might be. */
const SPANS_MAX = 64;

/** Counts the holds of one table at a time. */
export class HoldCounter {
  readonly #entries = new Map<string, { from: Timestamp; to: Timestamp; entries: number }>();
  #overflow: { from: Timestamp; to: Timestamp; entries: number } | undefined;
  #last: { from: Timestamp; to: Timestamp; entries: number } | undefined;

  add(from: Timestamp, to: Timestamp): void {
    const last = this.#last;
    if (last !== undefined && last.from === from && last.to === to) last.entries++;
    else this.#count(from, to);
  }

  /** What was counted since the last call. */
  take(): VersionHold[] {
    const holds = [...this.#entries.values(), ...(this.#overflow === undefined ? [] : [this.#overflow])];
    this.#entries.clear();
    this.#overflow = this.#last = undefined;
    return holds;
  }

  #count(from: Timestamp, to: Timestamp): void {
    const name = `${from} ${to}`;
    const known = this.#entries.get(name);
    if (known !== undefined) {
      known.entries++;
      this.#last = known;
    } else if (this.#entries.size < SPANS_MAX) {
      this.#last = { from, to, entries: 1 };
      this.#entries.set(name, this.#last);
    } else {
      const overflow = (this.#overflow ??= { from, to, entries: 0 });
      overflow.from = Math.min(overflow.from, from);
      overflow.to = Math.max(overflow.to, to);
      overflow.entries++;
    }
  }
}

/** Entries of `table` that have a newer version and that nobody can read any more. A rewrite drops all of them. */
export function freeVersions(table: TableMeta, view: RetentionView): number {
  let held = 0;
  let free = 0;
  for (const { from, to, entries } of table.holds ?? []) {
    held += entries;
    if (!isAnyPinned(view.pinned, from, to)) free += entries;
  }
  const others = table.superseded - held;
  if (
    others > 0 &&
    table.maxTimestamp <= view.horizon &&
    !isAnyPinned(view.pinned, table.minTimestamp, table.maxTimestamp)
  ) {
    free += others;
  }
  return free;
}

/**
 * From the oldest to the newest snapshot that may hold anything in `tables`; undefined when none does. Below the deletion of
 * a range whole tables may wait for a snapshot to be closed.
 */
export function heldSpan(
  tables: Iterable<TableMeta>,
): { readonly from: Timestamp; readonly to: Timestamp } | undefined {
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  for (const table of tables) {
    if (table.rangeTombstones > 0) {
      from = 0;
      to = Math.max(to, table.maxTimestamp);
    }
    for (const hold of table.holds ?? []) {
      from = Math.min(from, hold.from);
      to = Math.max(to, hold.to);
    }
  }
  return to === 0 ? undefined : { from, to };
}

function isAnyPinned(pinned: readonly Timestamp[], from: Timestamp, to: Timestamp): boolean {
  return pinned.some((timestamp) => timestamp >= from && timestamp <= to);
}
