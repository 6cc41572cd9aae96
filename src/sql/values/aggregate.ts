/**
 * Aggregates as small state machines: one state per group, fed row by row. Every aggregate but COUNT(*) passes over NULL.
 * SUM of integers is a BIGINT (exact, 22003 beyond it), AVG a DOUBLE PRECISION of the exact sum where that is an integer.
 */

import { SqlSemanticError } from '../../base/index.js';
import type { SourceSpan } from '../ast/index.js';
import { canCast } from './cast.js';
import { comparatorOf, identityKeyOf } from './comparison.js';
import { checkTextUnits, outOfRange } from './data-exception.js';
import { fitInteger, type IntegerValue } from './integer.js';
import { nearNames, suggestionText } from './near-names.js';
import { BIGINT, DOUBLE, isComparable, isNumeric, REAL, type SqlType, sameType, TEXT, typeText } from './sql-type.js';
import type { Datum, SqlValue } from './value.js';

/** Running state of one aggregate over one group. */
export interface AggregateState {
  /** `second` only matters to STRING_AGG: its delimiter. COUNT(*) takes any `value`. */
  add(value: SqlValue, second?: SqlValue): void;
  result(): SqlValue;
}

/** Told of the memory that a state is about to keep; throws LimitError when there is no more. */
export type MemoryReservation = (bytes: number) => void;

/** An aggregate with its types settled. */
export interface AggregateCall {
  /** The types that the arguments must be cast to; none for COUNT(*). */
  readonly parameters: readonly SqlType[];
  readonly result: SqlType;
  create(reserve: MemoryReservation): AggregateState;
}

export const AGGREGATE_NAMES: readonly string[] = ['count', 'sum', 'avg', 'min', 'max', 'string_agg'];

export function isAggregate(name: string): boolean {
  return AGGREGATE_NAMES.includes(name);
}

export interface AggregateRequest {
  readonly name: string;
  readonly types: readonly SqlType[];
  readonly distinct: boolean;
  readonly star: boolean;
  readonly span?: SourceSpan | undefined;
}

/** Finds the aggregate for a call. Throws SqlSemanticError 42883 for a name or argument types that do not exist. */
export function resolveAggregate(request: AggregateRequest): AggregateCall {
  const { name, types, distinct, star } = request;
  if (star) {
    if (name !== 'count' || distinct) throw noSuchAggregate(request);
    return { parameters: [], result: BIGINT, create: () => new CountState(true) };
  }
  const plain =
    name === 'string_agg' ? stringAggregate(types) : types.length === 1 ? unaryAggregate(name, types[0]!) : undefined;
  if (plain === undefined || (distinct && !plain.parameters.every(isComparable))) throw noSuchAggregate(request);
  return distinct ? distinctAggregate(plain) : plain;
}

function noSuchAggregate({ name, types, star, span }: AggregateRequest): SqlSemanticError {
  const written = star ? ['*'] : types.map(typeText);
  const near = isAggregate(name) ? [] : nearNames(name, AGGREGATE_NAMES);
  return new SqlSemanticError(`aggregate ${name}(${written.join(', ')}) does not exist${suggestionText(near)}`, {
    sqlState: '42883',
    facts: { function: name, types: written, near, ...span },
  });
}

function unaryAggregate(name: string, given: SqlType): AggregateCall | undefined {
  const type = given.name === 'unknown' ? TEXT : given;
  switch (name) {
    case 'count':
      return { parameters: [type], result: BIGINT, create: () => new CountState(false) };
    case 'min':
    case 'max':
      if (!isComparable(type)) return undefined;
      return { parameters: [type], result: type, create: () => new ExtremeState(type, name === 'max' ? 1 : -1) };
    case 'sum':
      return isNumeric(type) ? sumAggregate(type) : undefined;
    case 'avg':
      if (!isNumeric(type)) return undefined;
      return { parameters: [type], result: DOUBLE, create: () => new AverageState(createSum(type)) };
    default:
      return undefined;
  }
}

function sumAggregate(type: SqlType): AggregateCall {
  if (type.category === 'integer') {
    return { parameters: [type], result: BIGINT, create: () => new IntegerSumState() };
  }
  const result = sameType(type, REAL) ? REAL : DOUBLE;
  return { parameters: [type], result, create: () => new FloatSumState(result) };
}

function createSum(type: SqlType): SumState {
  return type.category === 'integer' ? new IntegerSumState() : new FloatSumState(DOUBLE);
}

function stringAggregate(types: readonly SqlType[]): AggregateCall | undefined {
  if (types.length !== 2 || !types.every((type) => canCast(type, TEXT, 'implicit'))) return undefined;
  return { parameters: [TEXT, TEXT], result: TEXT, create: (reserve) => new StringState(reserve) };
}

class CountState implements AggregateState {
  readonly #nullsToo: boolean;
  #count = 0;

  constructor(nullsToo: boolean) {
    this.#nullsToo = nullsToo;
  }

  add(value: SqlValue): void {
    if (this.#nullsToo || value !== null) this.#count++;
  }

  result(): SqlValue {
    return this.#count;
  }
}

interface SumState extends AggregateState {
  readonly count: number;
  /** The sum as a double, whatever its size. */
  approximate(): number;
}

/** Number arithmetic while the sum is safe, bigints beyond; only the result must fit, not every partial sum. */
class IntegerSumState implements SumState {
  #safe = 0;
  #beyond = 0n;
  count = 0;

  add(value: SqlValue): void {
    if (value === null) return;
    this.count++;
    const sum = typeof value === 'number' ? this.#safe + value : Number.NaN;
    if (Number.isSafeInteger(sum)) this.#safe = sum;
    else this.#beyond += BigInt(value as IntegerValue);
  }

  result(): SqlValue {
    return this.count === 0 ? null : fitInteger(this.#exact(), 'bigint');
  }

  approximate(): number {
    return Number(this.#exact());
  }

  #exact(): IntegerValue {
    return this.#beyond === 0n ? this.#safe : this.#beyond + BigInt(this.#safe);
  }
}

class FloatSumState implements SumState {
  readonly #type: SqlType;
  #sum = 0;
  #finite = true;
  count = 0;

  constructor(type: SqlType) {
    this.#type = type;
  }

  add(value: SqlValue): void {
    if (value === null) return;
    this.count++;
    this.#sum += value as number;
    if (!Number.isFinite(value)) this.#finite = false;
  }

  result(): SqlValue {
    return this.count === 0 ? null : this.approximate();
  }

  approximate(): number {
    const sum = this.#type.name === 'real' ? Math.fround(this.#sum) : this.#sum;
    if (!Number.isFinite(sum) && this.#finite) throw outOfRange(this.#type.name, sum);
    return sum + 0;
  }
}

class AverageState implements AggregateState {
  readonly #sum: SumState;

  constructor(sum: SumState) {
    this.#sum = sum;
  }

  add(value: SqlValue): void {
    this.#sum.add(value);
  }

  result(): SqlValue {
    return this.#sum.count === 0 ? null : this.#sum.approximate() / this.#sum.count + 0;
  }
}

class ExtremeState implements AggregateState {
  readonly #compare: (left: Datum, right: Datum) => number;
  readonly #sign: 1 | -1;
  #best: SqlValue = null;

  constructor(type: SqlType, sign: 1 | -1) {
    this.#compare = comparatorOf(type);
    this.#sign = sign;
  }

  add(value: SqlValue): void {
    if (value === null) return;
    if (this.#best === null || this.#compare(value, this.#best) * this.#sign > 0) this.#best = value;
  }

  result(): SqlValue {
    return this.#best;
  }
}

/** Joins texts; the delimiter of a row goes before it, except for the first. A NULL delimiter is an empty one. */
class StringState implements AggregateState {
  readonly #reserve: MemoryReservation;
  readonly #parts: string[] = [];
  #units = 0;

  constructor(reserve: MemoryReservation) {
    this.#reserve = reserve;
  }

  add(value: SqlValue, second: SqlValue = null): void {
    if (value === null) return;
    const part = (this.#parts.length === 0 || second === null ? '' : (second as string)) + (value as string);
    this.#units += part.length;
    checkTextUnits(this.#units);
    this.#reserve(2 * part.length);
    this.#parts.push(part);
  }

  result(): SqlValue {
    return this.#parts.length === 0 ? null : this.#parts.join('');
  }
}

/** Lets each distinct tuple of arguments through once. */
function distinctAggregate(inner: AggregateCall): AggregateCall {
  return { ...inner, create: (reserve) => new DistinctState(inner, reserve) };
}

class DistinctState implements AggregateState {
  readonly #inner: AggregateState;
  readonly #keyOf: (value: SqlValue) => unknown;
  readonly #reserve: MemoryReservation;
  /** By the second argument, then by the first. */
  readonly #seen = new Map<SqlValue, Set<unknown>>();

  constructor(inner: AggregateCall, reserve: MemoryReservation) {
    this.#inner = inner.create(reserve);
    this.#keyOf = identityKeyOf(inner.parameters[0]!);
    this.#reserve = reserve;
  }

  add(value: SqlValue, second: SqlValue = null): void {
    if (value === null) return;
    let seen = this.#seen.get(second);
    if (seen === undefined) this.#seen.set(second, (seen = new Set()));
    const key = this.#keyOf(value);
    if (seen.has(key)) return;
    this.#reserve(typeof key === 'string' ? 64 + 2 * key.length : 64);
    seen.add(key);
    this.#inner.add(value, second);
  }

  result(): SqlValue {
    return this.#inner.result();
  }
}
