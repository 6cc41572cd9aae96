/** ORDER BY: a full sort, or a heap of the first rows when a LIMIT says how many are wanted. Both are stable. */

import { sortComparatorOf, type SqlType, type SqlValue } from '../../values/index.js';
import { contextOf, type Frame } from '../frame.js';
import { type MemoryAccount, rowBytes } from '../memory-meter.js';
import { captureRow, type Operator, restoreRow, type RowSource } from './operator.js';
import { type LimitClosures, limitsOf } from './row-operators.js';

export interface SortColumn {
  readonly slot: number;
  readonly type: SqlType;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

type RowComparator = (a: readonly SqlValue[], b: readonly SqlValue[]) => number;

/** Compares rows captured from `slots`. */
function comparatorOf(columns: readonly SortColumn[], slots: readonly number[]): RowComparator {
  const places = columns.map(({ slot }) => slots.indexOf(slot));
  const comparators = columns.map(({ type, descending, nullsFirst }) =>
    sortComparatorOf(type, { descending, nullsFirst }),
  );
  if (columns.length === 1) {
    const place = places[0]!;
    const compare = comparators[0]!;
    return (a, b) => compare(a[place]!, b[place]!);
  }
  return (a, b) => {
    for (let i = 0; i < places.length; i++) {
      const order = comparators[i]!(a[places[i]!]!, b[places[i]!]!);
      if (order !== 0) return order;
    }
    return 0;
  };
}

export class SortOperator implements Operator {
  readonly #input: Operator;
  readonly #slots: readonly number[];
  readonly #compare: RowComparator;
  readonly #limits: LimitClosures | undefined;

  constructor(
    input: Operator,
    columns: readonly SortColumn[],
    slots: readonly number[],
    limits: LimitClosures | undefined,
  ) {
    this.#input = input;
    this.#slots = slots;
    this.#compare = comparatorOf(columns, slots);
    this.#limits = limits;
  }

  /** The input is read when the first row is asked for. */
  open(frame: Frame): RowSource {
    const memory = contextOf(frame).memory.account();
    let rows: readonly SqlValue[][] | undefined;
    let at = 0;
    return {
      next: () => {
        rows ??= this.#rows(frame, memory);
        const row = rows[at++];
        if (row === undefined) return false;
        restoreRow(frame, this.#slots, row);
        return true;
      },
      close: () => {
        rows = [];
        memory.releaseAll();
      },
    };
  }

  #rows(frame: Frame, memory: MemoryAccount): SqlValue[][] {
    if (this.#limits === undefined) return this.#collect(frame, memory).sort(this.#compare);
    const { limit, offset } = limitsOf(this.#limits, frame);
    if (limit === 0) return [];
    const wanted = limit + offset;
    const rows = Number.isFinite(wanted)
      ? this.#first(frame, wanted, memory)
      : this.#collect(frame, memory).sort(this.#compare);
    return offset === 0 ? rows : rows.slice(offset);
  }

  #collect(frame: Frame, memory: MemoryAccount): SqlValue[][] {
    const rows: SqlValue[][] = [];
    const input = this.#input.open(frame);
    try {
      while (input.next()) {
        const row = captureRow(frame, this.#slots);
        memory.reserveRow(row);
        rows.push(row);
      }
    } finally {
      input.close();
    }
    return rows;
  }

  /** The `count` smallest rows, sorted. */
  #first(frame: Frame, count: number, memory: MemoryAccount): SqlValue[][] {
    const heap = new BoundedHeap(count, this.#compare);
    const input = this.#input.open(frame);
    try {
      while (input.next()) {
        const row = captureRow(frame, this.#slots);
        const dropped = heap.offer(row);
        if (dropped === row) continue;
        memory.reserveRow(row);
        if (dropped !== undefined) memory.release(rowBytes(dropped));
      }
    } finally {
      input.close();
    }
    return heap.sorted();
  }
}

interface HeapItem {
  readonly row: SqlValue[];
  /** Rows that compare equal stay in the order of arrival. */
  readonly arrival: number;
}

/** A binary heap with the greatest of the kept rows on top. */
class BoundedHeap {
  readonly #count: number;
  readonly #compare: RowComparator;
  readonly #items: HeapItem[] = [];
  #arrivals = 0;

  constructor(count: number, compare: RowComparator) {
    this.#count = count;
    this.#compare = compare;
  }

  /** Takes the row in if it is among the smallest so far; returns the row that is out, if any. */
  offer(row: SqlValue[]): SqlValue[] | undefined {
    const item = { row, arrival: this.#arrivals++ };
    if (this.#items.length < this.#count) {
      this.#items.push(item);
      this.#siftUp(this.#items.length - 1);
      return undefined;
    }
    const top = this.#items[0]!;
    if (!this.#less(item, top)) return row;
    this.#items[0] = item;
    this.#siftDown();
    return top.row;
  }

  sorted(): SqlValue[][] {
    return this.#items.sort((a, b) => (this.#less(a, b) ? -1 : 1)).map(({ row }) => row);
  }

  #less(a: HeapItem, b: HeapItem): boolean {
    const order = this.#compare(a.row, b.row);
    return order === 0 ? a.arrival < b.arrival : order < 0;
  }

  #siftUp(from: number): void {
    const items = this.#items;
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#less(items[parent]!, items[at]!)) return;
      [items[parent], items[at]] = [items[at]!, items[parent]!];
      at = parent;
    }
  }

  #siftDown(): void {
    const items = this.#items;
    for (let at = 0; ; ) {
      let greatest = at;
      for (let child = 2 * at + 1; child <= 2 * at + 2 && child < items.length; child++) {
        if (this.#less(items[greatest]!, items[child]!)) greatest = child;
      }
      if (greatest === at) return;
      [items[greatest], items[at]] = [items[at]!, items[greatest]!];
      at = greatest;
    }
  }
}
