/** Joins: the right side run per row of the left and remembered, or kept in a hash table. Both keep the left's order. */

import type { SqlType, SqlValue } from '../../values/index.js';
import { contextOf, type Evaluate, type Frame, type Test } from '../frame.js';
import type { MemoryAccount } from '../memory-meter.js';
import { captureRow, type Operator, restoreRow, type RowSource } from './operator.js';
import { ValueMap } from './value-map.js';

export interface JoinParts {
  readonly join: 'inner' | 'left';
  readonly left: Operator;
  readonly right: Operator;
  readonly test: Test | undefined;
  readonly rightSlots: readonly number[];
}

type Rows = readonly (readonly SqlValue[])[];

/** Finds the rows of the right side that go with the left row in the frame. */
type Match = (frame: Frame) => Rows;

/** Runs the left side and combines each row with its matches; a left join adds nulls where there are none. */
class JoinSource implements RowSource {
  readonly #frame: Frame;
  readonly #parts: JoinParts;
  readonly #left: RowSource;
  readonly #memory: MemoryAccount;
  readonly #match: Match;
  #rows: Rows = [];
  #at = 0;
  /** True until the current left row has met a right one. */
  #lonely = false;

  constructor(frame: Frame, parts: JoinParts, memory: MemoryAccount, match: Match) {
    this.#frame = frame;
    this.#memory = memory;
    this.#parts = parts;
    this.#left = parts.left.open(frame);
    this.#match = match;
  }

  next(): boolean {
    const { test, rightSlots, join } = this.#parts;
    const frame = this.#frame;
    for (;;) {
      while (this.#at < this.#rows.length) {
        restoreRow(frame, rightSlots, this.#rows[this.#at++]!);
        if (test !== undefined && !test(frame)) continue;
        this.#lonely = false;
        return true;
      }
      if (this.#lonely && join === 'left') {
        this.#lonely = false;
        for (let i = 0; i < rightSlots.length; i++) frame[rightSlots[i]!] = null;
        return true;
      }
      if (!this.#left.next()) return false;
      this.#rows = this.#match(frame);
      this.#at = 0;
      this.#lonely = true;
    }
  }

  close(): void {
    this.#left.close();
    this.#rows = [];
    this.#memory.releaseAll();
  }
}

/** The rows of the right side for the left row in the frame, and the memory that they take. */
function collect({ right, rightSlots }: JoinParts, frame: Frame, memory: MemoryAccount): { rows: Rows; bytes: number } {
  const rows: SqlValue[][] = [];
  let bytes = 0;
  const source = right.open(frame);
  try {
    while (source.next()) {
      const row = captureRow(frame, rightSlots);
      bytes += memory.reserveRow(row);
      rows.push(row);
    }
  } finally {
    source.close();
  }
  return { rows, bytes };
}

/** Rows of the right side that are remembered for left values to come; beyond it they are fetched every time. */
const REMEMBERED_ROWS_MAX = 50_000;

export class NestedLoopOperator implements Operator {
  readonly #parts: JoinParts;
  readonly #dependsOn: readonly { readonly slot: number; readonly type: SqlType }[];

  constructor(parts: JoinParts, dependsOn: readonly { readonly slot: number; readonly type: SqlType }[]) {
    this.#parts = parts;
    this.#dependsOn = dependsOn;
  }

  open(frame: Frame): RowSource {
    const memory = contextOf(frame).memory.account();
    const slots = this.#dependsOn.map(({ slot }) => slot);
    const known = new ValueMap<Rows>(this.#dependsOn.map(({ type }) => type));
    let remembered = 0;
    return new JoinSource(frame, this.#parts, memory, () => {
      const key = captureRow(frame, slots);
      const before = known.get(key);
      if (before !== undefined) return before;
      const { rows, bytes } = collect(this.#parts, frame, memory);
      remembered += rows.length + 1;
      // A right side that reads nothing of the left is always the same: it is kept, however large.
      if (remembered <= REMEMBERED_ROWS_MAX || slots.length === 0) known.add(key, rows);
      else memory.release(bytes);
      return rows;
    });
  }
}

export interface CompiledHashKey {
  readonly left: Evaluate;
  readonly right: Evaluate;
  readonly type: SqlType;
}

const NO_ROWS: Rows = [];

export class HashJoinOperator implements Operator {
  readonly #parts: JoinParts;
  readonly #keys: readonly CompiledHashKey[];

  constructor(parts: JoinParts, keys: readonly CompiledHashKey[]) {
    this.#parts = parts;
    this.#keys = keys;
  }

  /** The table is built when the first left row asks for its matches. */
  open(frame: Frame): RowSource {
    const memory = contextOf(frame).memory.account();
    let table: ValueMap<SqlValue[][]> | undefined;
    const key = new Array<SqlValue>(this.#keys.length);
    return new JoinSource(frame, this.#parts, memory, () => {
      for (let i = 0; i < this.#keys.length; i++) {
        const value = this.#keys[i]!.left(frame);
        if (value === null) return NO_ROWS;
        key[i] = value;
      }
      table ??= this.#build(frame, memory);
      return table.get(key) ?? NO_ROWS;
    });
  }

  #build(frame: Frame, memory: MemoryAccount): ValueMap<SqlValue[][]> {
    const { right, rightSlots } = this.#parts;
    const table = new ValueMap<SqlValue[][]>(this.#keys.map(({ type }) => type));
    const key = new Array<SqlValue>(this.#keys.length);
    const source = right.open(frame);
    try {
      while (source.next()) {
        let hasNull = false;
        for (let i = 0; i < key.length; i++) {
          key[i] = this.#keys[i]!.right(frame);
          hasNull ||= key[i] === null;
        }
        if (hasNull) continue;
        const row = captureRow(frame, rightSlots);
        memory.reserveRow(row);
        const rows = table.get(key);
        if (rows === undefined) table.add(key, [row]);
        else rows.push(row);
      }
    } finally {
      source.close();
    }
    return table;
  }
}
