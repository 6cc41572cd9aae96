/**
 * Conditions beyond equality. They are instances of classes, so that nothing in a plain object (a decoded request, say)
 * can ever act as one. Comparisons follow SQL: a NULL column satisfies none of them but `isNull()`.
 */

import { InvalidArgumentError } from '../../base/index.js';

/** Any condition on a value of type `V`, or on entities of type `V` when made by `and`, `or` or `not` over objects. */
export abstract class Condition<out V = unknown> {
  /** Only for the type checker. */
  declare readonly on: V;
}

export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';

export class ComparisonCondition<V> extends Condition<V> {
  readonly operator: ComparisonOperator;
  readonly value: V;

  constructor(operator: ComparisonOperator, value: V) {
    super();
    this.operator = operator;
    this.value = value;
  }
}

export class MembershipCondition<V> extends Condition<V> {
  readonly values: readonly V[];
  readonly negated: boolean;

  constructor(values: readonly V[], negated: boolean) {
    super();
    this.values = values;
    this.negated = negated;
  }
}

export class PatternCondition extends Condition<string> {
  readonly pattern: string;
  readonly caseInsensitive: boolean;

  constructor(pattern: string, caseInsensitive: boolean) {
    super();
    this.pattern = pattern;
    this.caseInsensitive = caseInsensitive;
  }
}

export class RangeCondition<V> extends Condition<V> {
  readonly low: V;
  readonly high: V;

  constructor(low: V, high: V) {
    super();
    this.low = low;
    this.high = high;
  }
}

export class NullCondition extends Condition<never> {
  readonly negated: boolean;

  constructor(negated: boolean) {
    super();
    this.negated = negated;
  }
}

/** Operands are conditions, or where-objects, depending on where it stands. */
export class LogicalCondition<V> extends Condition<V> {
  readonly operator: 'and' | 'or';
  readonly operands: readonly unknown[];

  constructor(operator: 'and' | 'or', operands: readonly unknown[]) {
    super();
    if (operands.length === 0) {
      throw new InvalidArgumentError(`${operator}() needs at least one condition`, { facts: { operator } });
    }
    this.operator = operator;
    this.operands = operands;
  }
}

export class NegatedCondition<V> extends Condition<V> {
  readonly operand: unknown;

  constructor(operand: unknown) {
    super();
    this.operand = operand;
  }
}
