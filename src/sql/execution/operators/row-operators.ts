/** Operators that look at one row at a time: filter, computed columns, limit, and the single row of a query without FROM. */

import type { Evaluate, Frame, Test } from '../frame.js';
import type { Operator, RowSource } from './operator.js';

export const singleRow: Operator = {
  open: () => {
    let left = 1;
    return { next: () => left-- > 0, close: () => undefined };
  },
};

export class FilterOperator implements Operator {
  readonly #input: Operator;
  readonly #test: Test;

  constructor(input: Operator, test: Test) {
    this.#input = input;
    this.#test = test;
  }

  open(frame: Frame): RowSource {
    const input = this.#input.open(frame);
    const test = this.#test;
    return {
      next: () => {
        while (input.next()) if (test(frame)) return true;
        return false;
      },
      close: () => input.close(),
    };
  }
}

export interface ComputedColumn {
  readonly slot: number;
  readonly evaluate: Evaluate;
}

export class ProjectOperator implements Operator {
  readonly #input: Operator;
  readonly #computed: readonly ComputedColumn[];

  constructor(input: Operator, computed: readonly ComputedColumn[]) {
    this.#input = input;
    this.#computed = computed;
  }

  open(frame: Frame): RowSource {
    const input = this.#input.open(frame);
    const computed = this.#computed;
    return {
      next: () => {
        if (!input.next()) return false;
        for (let i = 0; i < computed.length; i++) frame[computed[i]!.slot] = computed[i]!.evaluate(frame);
        return true;
      },
      close: () => input.close(),
    };
  }
}

/** LIMIT and OFFSET as closures, which throw 2201W or 2201X for a negative number; a null LIMIT is none, a null OFFSET is zero. */
export interface LimitClosures {
  readonly limit: Evaluate | undefined;
  readonly offset: Evaluate | undefined;
}

/** The two numbers for one execution. */
export function limitsOf({ limit, offset }: LimitClosures, frame: Frame): { limit: number; offset: number } {
  const count = limit === undefined ? null : limit(frame);
  const skip = offset === undefined ? null : offset(frame);
  return { limit: count === null ? Number.POSITIVE_INFINITY : Number(count), offset: Number(skip ?? 0) };
}

export class LimitOperator implements Operator {
  readonly #input: Operator;
  readonly #limits: LimitClosures;

  constructor(input: Operator, limits: LimitClosures) {
    this.#input = input;
    this.#limits = limits;
  }

  open(frame: Frame): RowSource {
    const { limit, offset } = limitsOf(this.#limits, frame);
    const input = this.#input.open(frame);
    let skip = offset;
    let left = limit;
    return {
      next: () => {
        if (left <= 0) return false;
        for (; skip > 0; skip--) if (!input.next()) return false;
        left--;
        return input.next();
      },
      close: () => input.close(),
    };
  }
}
