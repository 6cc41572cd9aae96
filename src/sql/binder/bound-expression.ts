/**
 * Expressions after binding: names are slots of the frame, types are settled, casts are explicit, and every operator
 * carries the function that does its work. Nothing here is specific to one execution; closures are made from it once.
 *
 * A frame is the array of registers that a running statement works on: slot 0 holds the execution's context, then come
 * the parameters, then every column and computed value of the statement, nested queries included.
 */

import type {
  ArithmeticOperator,
  ComparisonOperator,
  IsTestExpression,
  SourceSpan,
  UnaryOperator,
} from '../ast/index.js';
import type { CastFunction, Datum, ScalarCall, SqlType, SqlValue } from '../values/index.js';
import type { BoundQuery } from './bound-query.js';
import type { ParameterBinding } from './parameters.js';

export type Slot = number;

/** The slot of the execution's context. */
export const CONTEXT_SLOT: Slot = 0;

export type BoundExpression =
  | BoundConstant
  | BoundParameter
  | BoundSlot
  | BoundUnary
  | BoundBinary
  | BoundCast
  | BoundCall
  | BoundLogical
  | BoundIsTest
  | BoundIsDistinct
  | BoundInList
  | BoundLike
  | BoundCase
  | BoundSubquery;

export interface BoundConstant {
  readonly kind: 'constant';
  readonly type: SqlType;
  readonly value: SqlValue;
  /** Of the literal that it comes from. */
  readonly span?: SourceSpan | undefined;
}

/** Its type may be settled after the node was made, by a later use of the same parameter. */
export class BoundParameter {
  readonly kind = 'parameter';
  readonly binding: ParameterBinding;

  constructor(binding: ParameterBinding) {
    this.binding = binding;
  }

  get type(): SqlType {
    return this.binding.type;
  }

  get slot(): Slot {
    return this.binding.slot;
  }
}

/** A column, or a value that an operator below has left in the frame. */
export interface BoundSlot {
  readonly kind: 'slot';
  readonly type: SqlType;
  readonly slot: Slot;
  readonly nullable: boolean;
  /** For people: `users.age`, `count(*)`. */
  readonly label: string;
  /** Where an expression mentions it. */
  readonly span?: SourceSpan | undefined;
}

/** NULL in, NULL out. */
export interface BoundUnary {
  readonly kind: 'unary';
  readonly operator: UnaryOperator;
  readonly type: SqlType;
  readonly operand: BoundExpression;
  readonly evaluate: (operand: Datum) => Datum;
}

/** A NULL operand makes it NULL. Of a comparison, both operands have the representation of `operandType`. */
export interface BoundBinary {
  readonly kind: 'binary';
  readonly operator: ArithmeticOperator | ComparisonOperator | '||';
  readonly type: SqlType;
  readonly operandType: SqlType;
  readonly left: BoundExpression;
  readonly right: BoundExpression;
  readonly evaluate: (left: Datum, right: Datum) => Datum;
}

export interface BoundCast {
  readonly kind: 'cast';
  readonly type: SqlType;
  readonly operand: BoundExpression;
  readonly cast: CastFunction;
}

export interface BoundCall {
  readonly kind: 'call';
  readonly name: string;
  readonly type: SqlType;
  readonly arguments: readonly BoundExpression[];
  readonly call: ScalarCall;
}

export interface BoundLogical {
  readonly kind: 'logical';
  readonly operator: 'and' | 'or';
  readonly type: SqlType;
  readonly operands: readonly BoundExpression[];
}

export interface BoundIsTest {
  readonly kind: 'is-test';
  readonly type: SqlType;
  readonly operand: BoundExpression;
  readonly test: IsTestExpression['test'];
  readonly negated: boolean;
}

export interface BoundIsDistinct {
  readonly kind: 'is-distinct';
  readonly type: SqlType;
  readonly operandType: SqlType;
  readonly left: BoundExpression;
  readonly right: BoundExpression;
  readonly negated: boolean;
}

export interface BoundInList {
  readonly kind: 'in-list';
  readonly type: SqlType;
  readonly operandType: SqlType;
  readonly operand: BoundExpression;
  readonly list: readonly BoundExpression[];
  readonly negated: boolean;
}

export interface BoundLike {
  readonly kind: 'like';
  readonly type: SqlType;
  readonly operand: BoundExpression;
  readonly pattern: BoundExpression;
  readonly escape: BoundExpression | undefined;
  readonly caseInsensitive: boolean;
  readonly negated: boolean;
}

export interface BoundCase {
  readonly kind: 'case';
  readonly type: SqlType;
  /** With an operand, a branch is taken when its `when` equals it. */
  readonly operand: BoundExpression | undefined;
  readonly operandType: SqlType;
  readonly branches: readonly { readonly when: BoundExpression; readonly result: BoundExpression }[];
  readonly otherwise: BoundExpression;
}

/** `scalar`: the value of the only row; `exists`; `in`: whether `operand` is among the rows, three-valued. */
export interface BoundSubquery {
  readonly kind: 'subquery';
  readonly form: 'scalar' | 'exists' | 'in';
  readonly type: SqlType;
  readonly operandType: SqlType;
  readonly operand: BoundExpression | undefined;
  readonly negated: boolean;
  readonly query: BoundQuery;
}
