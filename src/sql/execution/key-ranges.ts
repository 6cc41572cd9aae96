/** The keys and key ranges that an access path means for the values of one execution. */

import { ByteWriter, compareBytes, type KeyRange } from '../../base/index.js';
import type { Index, IndexedColumn } from '../catalog/table.js';
import type { AccessPath } from '../plan/access-path.js';
import { afterExtensions, appendKeyPart } from '../rows/key-layout.js';
import type { SqlValue } from '../values/index.js';
import type { ExpressionCompiler } from './expression-compiler.js';
import { contextOf, type Evaluate, type Frame } from './frame.js';

/** What a list of ranges takes in memory, per range. */
const RANGE_BYTES = 160;

interface CompiledValue {
  readonly evaluate: Evaluate;
  readonly matchesNull: boolean;
}

interface CompiledBound {
  readonly evaluate: Evaluate;
  readonly inclusive: boolean;
}

export class KeyRanges {
  readonly #index: Index;
  readonly #prefix: readonly (readonly CompiledValue[])[];
  readonly #lower: CompiledBound | undefined;
  readonly #upper: CompiledBound | undefined;
  readonly #reverse: boolean;
  readonly #isSingle: boolean;
  /** Not shared: a value may be a subquery, which makes keys of its own. */
  readonly #writer = new ByteWriter(64);

  constructor(path: AccessPath, compiler: ExpressionCompiler) {
    this.#index = path.index;
    this.#prefix = path.prefix.map((values) =>
      values.map(({ expression, matchesNull }) => ({ evaluate: compiler.compile(expression), matchesNull })),
    );
    const bound = (given: AccessPath['lower']): CompiledBound | undefined =>
      given && { evaluate: compiler.compile(given.expression), inclusive: given.inclusive };
    this.#lower = bound(path.lower);
    this.#upper = bound(path.upper);
    this.#reverse = path.reverse;
    this.#isSingle = path.prefix.every((values) => values.length === 1);
  }

  /** The keys that the prefix values make: in key order (or its reverse), each once. Nulls make none. */
  keys(frame: Frame): Uint8Array[] {
    if (this.#isSingle) {
      const key = this.#singleKey(frame);
      return key === undefined ? [] : [key];
    }
    const { memory } = contextOf(frame);
    let combinations: Uint8Array[] = [this.#index.prefix];
    for (let i = 0; i < this.#prefix.length; i++) {
      combinations = combinations.flatMap((start) => this.#extend(frame, start, i));
      const bytes = combinations.length * RANGE_BYTES;
      memory.reserve(bytes);
      memory.release(bytes);
    }
    return this.#sorted(combinations);
  }

  /** The ranges that prefix and bounds make, in key order (or its reverse), disjoint. */
  ranges(frame: Frame): KeyRange[] {
    const ranges: KeyRange[] = [];
    for (const start of this.keys(frame)) {
      const range = this.#bounded(frame, start);
      if (range !== undefined) ranges.push(range);
    }
    return ranges;
  }

  #singleKey(frame: Frame): Uint8Array | undefined {
    const writer = this.#writer;
    writer.reset();
    writer.raw(this.#index.prefix);
    for (let i = 0; i < this.#prefix.length; i++) {
      const { evaluate, matchesNull } = this.#prefix[i]![0]!;
      const value = evaluate(frame);
      if (value === null && !matchesNull) return undefined;
      const { column, descending } = this.#index.columns[i]!;
      appendKeyPart(writer, column.kind, value, descending);
    }
    return writer.toBytes();
  }

  #extend(frame: Frame, start: Uint8Array, column: number): Uint8Array[] {
    return this.#prefix[column]!.flatMap(({ evaluate, matchesNull }) => {
      const value = evaluate(frame);
      return value === null && !matchesNull ? [] : [this.#extended(start, this.#index.columns[column]!, value)];
    });
  }

  #sorted(keys: Uint8Array[]): Uint8Array[] {
    keys.sort(compareBytes);
    const distinct = keys.filter((key, i) => i === 0 || compareBytes(key, keys[i - 1]!) !== 0);
    return this.#reverse ? distinct.reverse() : distinct;
  }

  /** The part of what extends `start` that lies between the bounds; undefined when a bound is null. */
  #bounded(frame: Frame, start: Uint8Array): KeyRange | undefined {
    const [lower, upper] = [this.#lower, this.#upper];
    if (lower === undefined && upper === undefined) return { lower: start, upper: afterExtensions(start) };
    const least = lower?.evaluate(frame);
    const greatest = upper?.evaluate(frame);
    if (least === null || greatest === null) return undefined;
    const indexed = this.#index.columns[this.#prefix.length]!;
    const at = (value: SqlValue, after: boolean): Uint8Array => {
      const key = this.#extended(start, indexed, value);
      return after ? afterExtensions(key) : key;
    };
    // A comparison is never true of null, and null is the smallest of all: it lies at the other end when descending.
    if (indexed.descending) {
      return {
        lower: greatest === undefined ? start : at(greatest, !upper!.inclusive),
        upper: least === undefined ? at(null, false) : at(least, lower!.inclusive),
      };
    }
    return {
      lower: least === undefined ? at(null, true) : at(least, !lower!.inclusive),
      upper: greatest === undefined ? afterExtensions(start) : at(greatest, upper!.inclusive),
    };
  }

  #extended(start: Uint8Array, { column, descending }: IndexedColumn, value: SqlValue): Uint8Array {
    this.#writer.reset();
    this.#writer.raw(start);
    appendKeyPart(this.#writer, column.kind, value, descending);
    return this.#writer.toBytes();
  }
}
