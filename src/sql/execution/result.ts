/** What a statement gives back: rows as JavaScript values, and what is known about them. */

import { LimitError } from '../../base/index.js';
import type { OutputColumn } from '../binder/bound-query.js';
import { type SqlType, type SqlValue, toJs, typeText } from '../values/index.js';
import type { Frame } from './frame.js';
import { valueBytes } from './memory-meter.js';

export interface ResultColumn {
  readonly name: string;
  /** As SQL writes it: `varchar(20)`. */
  readonly type: string;
}

/**
 * The rows of a statement, in an array that also knows its `columns`, the `count` of rows selected or changed, and the
 * `command` (`SELECT`, `INSERT`, `CREATE TABLE`, …). What `map`, `filter` and spreading make of it is an ordinary array;
 * `assert.deepStrictEqual`, which compares prototypes, wants `[...rows]`.
 *
 * As objects, rows have one property per name: of several columns with the same name the last one stays. `columns` lists
 * them all, and `rowMode: 'array'` keeps all values.
 */
export type SqlResult<R = Record<string, unknown>> = R[] & {
  readonly columns: readonly ResultColumn[];
  readonly count: number;
  readonly command: string;
};

/** `object`: a plain object per row, by column name. `array`: an array per row, by column position. */
export type RowMode = 'object' | 'array';

/** How the rows of a statement should look. */
export interface QueryOptions {
  /** Default `object`. */
  readonly rowMode?: RowMode | undefined;
}

export interface ArrayRowOptions extends QueryOptions {
  readonly rowMode: 'array';
}

export interface ObjectRowOptions extends QueryOptions {
  readonly rowMode?: 'object' | undefined;
}

/** The array itself: a subclass, because own properties would show up as if they were rows (and cost four times as much). */
class SqlRows<R> extends Array<R> {
  #columns: readonly ResultColumn[] = [];
  #count = 0;
  #command = '';

  static {
    // What `map`, `filter` and the like make of it is an ordinary array.
    Object.defineProperty(SqlRows, Symbol.species, { value: Array });
  }

  static begin<R>(columns: readonly ResultColumn[], command: string): SqlRows<R> {
    const rows = new SqlRows<R>();
    rows.#columns = columns;
    rows.#command = command;
    return rows;
  }

  /** Sets the count; the rows are complete. */
  finish(count: number): this {
    this.#count = count;
    return this;
  }

  get columns(): readonly ResultColumn[] {
    return this.#columns;
  }

  get count(): number {
    return this.#count;
  }

  get command(): string {
    return this.#command;
  }
}

/** Names that would reach a prototype on a plain object: rows that have them get none. */
const UNSAFE_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

export interface ResultLimits {
  /** `sql.limits.resultRows`. */
  readonly resultRows: number;
  /** `sql.limits.resultBytes`; strings count two bytes per code unit. */
  readonly resultBytes: number;
}

/** Turns frames into rows. Made once per statement. */
export class RowShape {
  readonly columns: readonly ResultColumn[];
  readonly #names: readonly string[];
  readonly #slots: readonly number[];
  /** The type of columns whose values must be converted; undefined for the others. */
  readonly #types: readonly (SqlType | undefined)[];
  readonly #isSafe: boolean;

  constructor(outputs: readonly OutputColumn[]) {
    this.columns = Object.freeze(outputs.map(({ name, type }) => Object.freeze({ name, type: typeText(type) })));
    this.#names = outputs.map(({ name }) => name);
    this.#slots = outputs.map(({ slot }) => slot);
    this.#types = outputs.map(({ type }) => (needsConversion(type) ? type : undefined));
    this.#isSafe = !this.#names.some((name) => UNSAFE_NAMES.has(name));
  }

  build(frame: Frame, mode: RowMode): unknown {
    return mode === 'array' ? this.#array(frame) : this.#object(frame);
  }

  /** What the row in the frame takes, roughly. */
  bytes(frame: Frame): number {
    let bytes = 0;
    for (let i = 0; i < this.#slots.length; i++) bytes += valueBytes(frame[this.#slots[i]!] as SqlValue);
    return bytes;
  }

  #array(frame: Frame): unknown[] {
    const row = new Array<unknown>(this.#slots.length);
    for (let i = 0; i < row.length; i++) row[i] = this.#value(frame, i);
    return row;
  }

  #object(frame: Frame): Record<string, unknown> {
    const row: Record<string, unknown> = this.#isSafe ? {} : (Object.create(null) as Record<string, unknown>);
    for (let i = 0; i < this.#slots.length; i++) row[this.#names[i]!] = this.#value(frame, i);
    return row;
  }

  #value(frame: Frame, i: number): unknown {
    const value = frame[this.#slots[i]!] as SqlValue;
    const type = this.#types[i];
    return type === undefined ? value : toJs(value, type);
  }
}

function needsConversion({ category }: SqlType): boolean {
  return category === 'time' || category === 'json' || category === 'bytes';
}

/** Collects the rows of one execution. Throws `LimitError` when there are too many, or they are too large. */
export class ResultBuilder {
  readonly #shape: RowShape;
  readonly #mode: RowMode;
  readonly #limits: ResultLimits;
  readonly #rows: SqlRows<unknown>;
  #bytes = 0;

  constructor(shape: RowShape, command: string, mode: RowMode, limits: ResultLimits) {
    this.#shape = shape;
    this.#mode = mode;
    this.#limits = limits;
    this.#rows = SqlRows.begin(shape.columns, command);
  }

  readonly add = (frame: Frame): void => {
    const { resultRows, resultBytes } = this.#limits;
    const count = this.#rows.length + 1;
    if (count > resultRows) throw LimitError.exceeded('sql.limits.resultRows', count, resultRows, 'rows');
    this.#bytes += this.#shape.bytes(frame);
    if (this.#bytes > resultBytes) {
      throw LimitError.exceeded('sql.limits.resultBytes', this.#bytes, resultBytes, 'bytes');
    }
    this.#rows.push(this.#shape.build(frame, this.#mode));
  };

  finish(count: number): SqlResult<unknown> {
    return this.#rows.finish(count);
  }
}
