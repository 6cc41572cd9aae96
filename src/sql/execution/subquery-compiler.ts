/**
 * Queries inside expressions. One that reads nothing of the row around it runs once per execution, when it is first
 * needed; any other runs again for every row, in the same frame, where it finds the outer row's values.
 */

import { SqlSemanticError } from '../../base/index.js';
import type { BoundSubquery } from '../binder/bound-expression.js';
import { identityKeyOf, type SqlValue } from '../values/index.js';
import { contextOf, type Evaluate, type Frame } from './frame.js';
import type { Operator, RowSource } from './operators/operator.js';

/** `operator` yields the subquery's rows, `operand` is that of IN. */
export function compileSubquery(subquery: BoundSubquery, operator: Operator, operand: Evaluate | undefined): Evaluate {
  const isConstant = subquery.query.outerSlots.size === 0;
  /** Runs `compute`, or takes what it gave earlier in this execution. */
  const once = <T>(compute: (frame: Frame) => T): ((frame: Frame) => T) => {
    if (!isConstant) return compute;
    return (frame) => {
      const { subqueryResults } = contextOf(frame);
      if (subqueryResults.has(subquery)) return subqueryResults.get(subquery) as T;
      const result = compute(frame);
      subqueryResults.set(subquery, result);
      return result;
    };
  };
  switch (subquery.form) {
    case 'scalar':
      return once((frame) => withSource(operator, frame, (source) => singleValue(source, frame, subquery)));
    case 'exists':
      return once((frame) => withSource(operator, frame, (source) => source.next()));
    case 'in': {
      const members = once((frame) => membersOf(subquery, operator, frame));
      return membership(subquery, members, operand!);
    }
  }
}

function withSource<T>(operator: Operator, frame: Frame, use: (source: RowSource) => T): T {
  const source = operator.open(frame);
  try {
    return use(source);
  } finally {
    source.close();
  }
}

function singleValue(source: RowSource, frame: Frame, { query }: BoundSubquery): SqlValue {
  if (!source.next()) return null;
  const value = frame[query.outputs[0]!.slot] as SqlValue;
  if (!source.next()) return value;
  throw new SqlSemanticError('a subquery used as a value gave more than one row', { sqlState: '21000' });
}

interface Members {
  readonly identities: ReadonlySet<unknown>;
  readonly hasNull: boolean;
}

/** An estimate of what one remembered member takes. */
const MEMBER_BYTES = 64;

function membersOf({ query, operandType }: BoundSubquery, operator: Operator, frame: Frame): Members {
  const { memory } = contextOf(frame);
  const { slot } = query.outputs[0]!;
  const identityOf = identityKeyOf(operandType);
  const identities = new Set<unknown>();
  let hasNull = false;
  withSource(operator, frame, (source) => {
    while (source.next()) {
      const value = frame[slot] as SqlValue;
      if (value === null) hasNull = true;
      else identities.add(identityOf(value));
    }
  });
  // Kept until the statement ends when it is the same for every row; otherwise it is garbage right away.
  if (query.outerSlots.size === 0) memory.reserve(identities.size * MEMBER_BYTES);
  return { identities, hasNull };
}

function membership(
  { negated, operandType }: BoundSubquery,
  membersOf: (frame: Frame) => Members,
  operand: Evaluate,
): Evaluate {
  const identityOf = identityKeyOf(operandType);
  return (frame) => {
    const value = operand(frame);
    const { identities, hasNull } = membersOf(frame);
    if (identities.size === 0 && !hasNull) return negated;
    if (value === null) return null;
    if (identities.has(identityOf(value))) return !negated;
    return hasNull ? null : negated;
  };
}
