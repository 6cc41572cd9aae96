/** The parameters of one statement: where each lives in the frame, and the type its surroundings give it. */

import { InvalidArgumentError, SqlSemanticError } from '../../base/index.js';
import { fromJs, inferType, type SqlType, type SqlValue, UNKNOWN } from '../values/index.js';
import type { Slot } from './bound-expression.js';

/** `$1` … by position, `:name` by name; or, where types are looked at, plain JavaScript values. */
export type SqlParameters = readonly unknown[] | Readonly<Record<string, unknown>>;

export type ParameterKey = number | string;

export interface ParameterBinding {
  readonly key: ParameterKey;
  readonly slot: Slot;
  /** `unknown` until a use settles it. */
  type: SqlType;
}

export class ParameterBindings {
  readonly #known: ReadonlyMap<ParameterKey, SqlType>;
  readonly #bindings = new Map<ParameterKey, ParameterBinding>();

  /** `known` types come from the values of an execution, for parameters that the text leaves open. */
  constructor(known: ReadonlyMap<ParameterKey, SqlType> = new Map()) {
    this.#known = known;
  }

  get(key: ParameterKey, newSlot: () => Slot): ParameterBinding {
    const present = this.#bindings.get(key);
    if (present !== undefined) return present;
    const binding = { key, slot: newSlot(), type: this.#known.get(key) ?? UNKNOWN };
    this.#bindings.set(key, binding);
    return binding;
  }

  all(): readonly ParameterBinding[] {
    return [...this.#bindings.values()];
  }

  /** Keys whose type no use has settled. */
  open(): ParameterKey[] {
    return this.all().flatMap(({ key, type }) => (type.name === 'unknown' ? [key] : []));
  }
}

/** Types of the given values for the given keys. */
export function typesOfValues(keys: readonly ParameterKey[], parameters: SqlParameters): Map<ParameterKey, SqlType> {
  return new Map(keys.map((key) => [key, inferType(valueOf(key, parameters), labelOf(key))]));
}

/**
 * Puts the parameters of one execution into its frame. Throws `SqlSemanticError` 42P02 for a missing one, and
 * `InvalidArgumentError` for positions beyond the last that the statement uses.
 */
export function fillParameters(
  bindings: readonly ParameterBinding[],
  parameters: SqlParameters,
  frame: unknown[],
): void {
  let last = 0;
  for (let i = 0; i < bindings.length; i++) {
    const { key, slot, type } = bindings[i]!;
    const value: SqlValue = fromJs(valueOf(key, parameters), type, labelOf(key));
    frame[slot] = value;
    if (typeof key === 'number' && key > last) last = key;
  }
  if (Array.isArray(parameters) && parameters.length > last) throw tooMany(parameters.length, last);
}

function valueOf(key: ParameterKey, parameters: SqlParameters): unknown {
  if (typeof key === 'number') {
    if (!Array.isArray(parameters)) throw wrongShape('positions ($1, ?)', 'an array');
    if (key > parameters.length) throw missing(key);
    return parameters[key - 1];
  }
  if (Array.isArray(parameters)) throw wrongShape(`names (:${key})`, 'an object');
  if (!Object.hasOwn(parameters, key)) throw missing(key);
  return (parameters as Readonly<Record<string, unknown>>)[key];
}

function labelOf(key: ParameterKey): string {
  return typeof key === 'number' ? `parameter $${key}` : `parameter :${key}`;
}

function missing(key: ParameterKey): SqlSemanticError {
  return new SqlSemanticError(`${labelOf(key)} was given no value`, { sqlState: '42P02', facts: { parameter: key } });
}

function wrongShape(written: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`the statement has parameters with ${written}: pass ${expected}`);
}

function tooMany(found: number, expected: number): InvalidArgumentError {
  return new InvalidArgumentError(`${found} parameters were given, the statement has ${expected}`, {
    facts: { found, expected },
  });
}
