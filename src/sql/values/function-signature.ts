/** How scalar functions are declared, as data, and how a call finds the signature that fits its argument types. */

import { canCast } from './cast.js';
import { commonType, type SqlType, sameType, TEXT, UNKNOWN } from './sql-type.js';
import type { EvaluationContext, SqlValue } from './value.js';

/** A type; `any`: whatever comes (untyped becomes TEXT); `same`: the common type of all arguments marked so. */
export type ParameterPattern = SqlType | 'any' | 'same';

/**
 * `strict`: a NULL argument makes the result NULL, and `evaluate` never sees one. `null-aware`: it does.
 * `first-non-null`: `evaluate` is not needed; the arguments are computed in turn until one is not NULL (COALESCE).
 */
export type Evaluation = 'strict' | 'null-aware' | 'first-non-null';

/** The array is only valid during the call: a call site reuses it. */
export type ScalarEvaluator = (values: readonly SqlValue[], context: EvaluationContext) => SqlValue;

export interface ScalarSignature {
  readonly parameters: readonly ParameterPattern[];
  /** The last parameter may repeat. */
  readonly variadic?: boolean;
  /** `same`: the common type. */
  readonly result: SqlType | 'same';
  readonly evaluation: Evaluation;
  /** Makes the evaluator for the argument types that the call was resolved to. */
  readonly implement: (types: readonly SqlType[]) => ScalarEvaluator;
}

/** A call with its types settled. */
export interface ScalarCall {
  /** One per argument: the type it must be cast to before the call. */
  readonly parameters: readonly SqlType[];
  readonly result: SqlType;
  readonly evaluation: Evaluation;
  readonly evaluate: ScalarEvaluator;
}

/** The signature with the most arguments of exactly the wanted type; the earlier one where several are equal. */
export function matchSignature(
  signatures: readonly ScalarSignature[],
  types: readonly SqlType[],
): ScalarCall | undefined {
  let best: { call: ScalarCall; exact: number } | undefined;
  for (const signature of signatures) {
    const parameters = settleParameters(signature, types);
    if (parameters === undefined) continue;
    const exact = parameters.filter((parameter, index) => sameType(parameter, types[index]!)).length;
    if (best === undefined || exact > best.exact) best = { call: settle(signature, parameters), exact };
  }
  return best?.call;
}

function settle(signature: ScalarSignature, parameters: readonly SqlType[]): ScalarCall {
  const shared = signature.parameters.indexOf('same');
  return {
    parameters,
    result: signature.result === 'same' ? (parameters[shared] ?? UNKNOWN) : signature.result,
    evaluation: signature.evaluation,
    evaluate: signature.implement(parameters),
  };
}

function settleParameters(signature: ScalarSignature, types: readonly SqlType[]): SqlType[] | undefined {
  const { parameters, variadic = false } = signature;
  if (types.length < parameters.length || (types.length > parameters.length && !variadic)) return undefined;
  const patterns = types.map((_, index) => parameters[Math.min(index, parameters.length - 1)]!);
  const shared = sharedType(types.filter((_, index) => patterns[index] === 'same'));
  const settled: SqlType[] = [];
  for (const [index, pattern] of patterns.entries()) {
    const type = types[index]!;
    const wanted = pattern === 'same' ? shared : pattern === 'any' ? (type.name === 'unknown' ? TEXT : type) : pattern;
    if (wanted === undefined || !canCast(type, wanted, 'implicit')) return undefined;
    settled.push(wanted);
  }
  return settled;
}

function sharedType(types: readonly SqlType[]): SqlType | undefined {
  let shared: SqlType | undefined = UNKNOWN;
  for (const type of types) {
    shared = shared.name === 'unknown' && type.name === 'unknown' ? UNKNOWN : commonType(shared, type);
    if (shared === undefined) return undefined;
  }
  return shared.name === 'unknown' ? TEXT : shared;
}
