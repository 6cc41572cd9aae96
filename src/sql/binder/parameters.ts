/** The parameters of one statement: where each lives in the frame, and the type its surroundings give it. */

import { InvalidArgumentError, SqlSemanticError } from '../../base/index.js';
import { fromJs, inferType, parameterLabel, type SqlType, UNKNOWN } from '../values/index.js';
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
  return new Map(keys.map((key) => [key, inferType(valueOf(key, parameters), parameterLabel(key))]));
}

/**
 * Puts the parameters of one execution into its frame. Throws `SqlSemanticError` 42P02 for a missing one, 22xxx and 42804
 * (with the fact `parameter`) for one that its type cannot hold, and `InvalidArgumentError` for undefined, for promises, for
 * positions beyond the last that the statement uses and for names where it has none.
 */
export function fillParameters(
  bindings: readonly ParameterBinding[],
  parameters: SqlParameters,
  frame: unknown[],
): void {
  let last = 0;
  if (bindings.length === 0 && !Array.isArray(parameters)) refuseNames(parameters);
  for (let i = 0; i < bindings.length; i++) {
    const { key, slot, type } = bindings[i]!;
    const value = valueOf(key, parameters);
    try {
      frame[slot] = fromJs(value, type, parameterLabel(key));
    } catch (error) {
      throw ofParameter(error, key);
    }
    if (typeof key === 'number' && key > last) last = key;
  }
  if (Array.isArray(parameters) && parameters.length > last) throw tooMany(parameters.length, last);
}

function valueOf(key: ParameterKey, parameters: SqlParameters): unknown {
  if (typeof key === 'number') {
    if (!Array.isArray(parameters)) throw wrongShape('positions ($1, ?)', 'an array', parameters);
    if (key > parameters.length) throw missing(key);
    return usable(parameters[key - 1], key);
  }
  if (Array.isArray(parameters)) throw wrongShape(`names (:${key})`, 'an object', parameters);
  if (!Object.hasOwn(parameters, key)) throw missing(key);
  return usable((parameters as Readonly<Record<string, unknown>>)[key], key);
}

/** Undefined is a mistake far more often than it means NULL, and a promise always is one. */
function usable(value: unknown, key: ParameterKey): unknown {
  if (value === undefined) {
    throw new InvalidArgumentError(`${parameterLabel(key)} is undefined; use null for NULL`, {
      facts: { parameter: key },
    });
  }
  if (typeof value === 'object' && value !== null && isThenable(value)) {
    throw new InvalidArgumentError(
      `${parameterLabel(key)} is a promise: await it first. A statement is no part of another one: write it out`,
      { facts: { parameter: key } },
    );
  }
  return value;
}

function isThenable(value: object): boolean {
  return 'then' in value && typeof value.then === 'function';
}

/** The same error, saying which parameter it is about. */
function ofParameter(error: unknown, key: ParameterKey): unknown {
  if (!(error instanceof SqlSemanticError)) return error;
  const { message, sqlState = '22000', facts } = error;
  const label = parameterLabel(key);
  return new SqlSemanticError(message.startsWith(label) ? message : `${label}: ${message}`, {
    sqlState,
    facts: { ...facts, parameter: key },
    cause: error,
  });
}

function refuseNames(parameters: object): void {
  const names = Object.keys(parameters);
  if (names.length === 0) return;
  throw new InvalidArgumentError(
    `the statement has no parameters, but some were given by name: ${names.join(', ')}${optionsHint(parameters)}`,
    { facts: { found: names } },
  );
}

/** Options where the parameters belong are an easy mistake. */
function optionsHint(parameters: object): string {
  return Object.hasOwn(parameters, 'rowMode')
    ? '; options such as rowMode are the next argument, after [] for none'
    : '';
}

function missing(key: ParameterKey): SqlSemanticError {
  return new SqlSemanticError(`${parameterLabel(key)} was given no value`, {
    sqlState: '42P02',
    facts: { parameter: key },
  });
}

function wrongShape(written: string, expected: string, parameters: SqlParameters): InvalidArgumentError {
  const hint = optionsHint(parameters);
  return new InvalidArgumentError(`the statement has parameters with ${written}: pass ${expected}${hint}`);
}

function tooMany(found: number, expected: number): InvalidArgumentError {
  return new InvalidArgumentError(`${found} parameters were given, the statement has ${expected}`, {
    facts: { found, expected },
  });
}
