/** Operators that remember which values they have met: hash aggregation and DISTINCT. */

import type { AggregateCall, AggregateState, SqlType, SqlValue } from '../../values/index.js';
import { contextOf, type Evaluate, type Frame } from '../frame.js';
import type { MemoryAccount } from '../memory-meter.js';
import { captureRow, type Operator, type RowSource } from './operator.js';
import { ValueMap } from './value-map.js';

export interface GroupKey {
  readonly slot: number;
  readonly type: SqlType;
  readonly evaluate: Evaluate;
}

export interface CompiledAggregate {
  readonly slot: number;
  readonly call: AggregateCall;
  readonly arguments: readonly Evaluate[];
}

/** What the state of one aggregate takes, roughly. */
const STATE_BYTES = 64;

interface Group {
  readonly key: readonly SqlValue[];
  readonly states: readonly AggregateState[];
}

/** One row per group, in the order in which groups were first met; without keys one row, even over nothing. */
export class AggregateOperator implements Operator {
  readonly #input: Operator;
  readonly #keys: readonly GroupKey[];
  readonly #aggregates: readonly CompiledAggregate[];
  readonly #types: readonly SqlType[];

  constructor(input: Operator, keys: readonly GroupKey[], aggregates: readonly CompiledAggregate[]) {
    this.#input = input;
    this.#keys = keys;
    this.#aggregates = aggregates;
    this.#types = keys.map(({ type }) => type);
  }

  /** The input is read when the first row is asked for. */
  open(frame: Frame): RowSource {
    const memory = contextOf(frame).memory.account();
    let groups: readonly Group[] | undefined;
    let at = 0;
    return {
      next: () => {
        groups ??= this.#collect(frame, memory);
        const group = groups[at++];
        if (group === undefined) return false;
        this.#emit(frame, group);
        return true;
      },
      close: () => {
        groups = [];
        memory.releaseAll();
      },
    };
  }

  #collect(frame: Frame, memory: MemoryAccount): readonly Group[] {
    const groups = new ValueMap<Group>(this.#types);
    const keys = this.#keys;
    const key = new Array<SqlValue>(keys.length);
    if (keys.length === 0) groups.add(key, this.#newGroup(key, memory));
    const input = this.#input.open(frame);
    try {
      while (input.next()) {
        for (let i = 0; i < keys.length; i++) key[i] = keys[i]!.evaluate(frame);
        let group = groups.get(key);
        if (group === undefined) groups.add(key, (group = this.#newGroup(key.slice(), memory)));
        this.#feed(frame, group.states);
      }
    } finally {
      input.close();
    }
    return groups.values;
  }

  #newGroup(key: readonly SqlValue[], memory: MemoryAccount): Group {
    memory.reserveRow(key);
    memory.reserve(this.#aggregates.length * STATE_BYTES);
    return { key, states: this.#aggregates.map(({ call }) => call.create(memory.reserve)) };
  }

  #feed(frame: Frame, states: readonly AggregateState[]): void {
    for (let i = 0; i < states.length; i++) {
      const [first, second] = this.#aggregates[i]!.arguments;
      if (first === undefined) states[i]!.add(null);
      else if (second === undefined) states[i]!.add(first(frame));
      else states[i]!.add(first(frame), second(frame));
    }
  }

  #emit(frame: Frame, { key, states }: Group): void {
    for (let i = 0; i < key.length; i++) frame[this.#keys[i]!.slot] = key[i];
    for (let i = 0; i < states.length; i++) frame[this.#aggregates[i]!.slot] = states[i]!.result();
  }
}

/** Lets each combination of values through once, when it is first met. */
export class DistinctOperator implements Operator {
  readonly #input: Operator;
  readonly #slots: readonly number[];
  readonly #types: readonly SqlType[];

  constructor(input: Operator, columns: readonly { readonly slot: number; readonly type: SqlType }[]) {
    this.#input = input;
    this.#slots = columns.map(({ slot }) => slot);
    this.#types = columns.map(({ type }) => type);
  }

  open(frame: Frame): RowSource {
    const memory = contextOf(frame).memory.account();
    const input = this.#input.open(frame);
    const seen = new ValueMap<true>(this.#types);
    return {
      next: () => {
        while (input.next()) {
          const row = captureRow(frame, this.#slots);
          if (seen.get(row) !== undefined) continue;
          memory.reserveRow(row);
          seen.add(row, true);
          return true;
        }
        return false;
      },
      close: () => {
        input.close();
        memory.releaseAll();
      },
    };
  }
}
