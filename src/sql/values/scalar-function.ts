/** The scalar functions by name. */

import { SqlSemanticError } from '../../base/index.js';
import type { SourceSpan } from '../ast/index.js';
import { AGGREGATE_NAMES } from './aggregate.js';
import { CONDITIONAL_FUNCTIONS } from './conditional-functions.js';
import { matchSignature, type ScalarCall, type ScalarSignature } from './function-signature.js';
import { nearNames, suggestionText } from './near-names.js';
import { NUMBER_FUNCTIONS } from './number-functions.js';
import { isComparable, type SqlType, typeText } from './sql-type.js';
import { TEXT_FUNCTIONS } from './text-functions.js';
import { TIME_FUNCTIONS } from './time-functions.js';

const FUNCTIONS: ReadonlyMap<string, readonly ScalarSignature[]> = new Map([
  ...TEXT_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...TIME_FUNCTIONS,
  ...CONDITIONAL_FUNCTIONS,
]);

const COMPARING: ReadonlySet<string> = new Set(['nullif', 'greatest', 'least']);

/** Finds the function for a call. Throws SqlSemanticError 42883 for an unknown name (with near names) or argument types. */
export function resolveFunction(name: string, types: readonly SqlType[], span?: SourceSpan): ScalarCall {
  const signatures = FUNCTIONS.get(name);
  if (signatures === undefined) throw unknownFunction(name, span);
  const call = matchSignature(signatures, types);
  if (call === undefined || (COMPARING.has(name) && !call.parameters.every(isComparable))) {
    throw noSuchSignature(name, types, span);
  }
  return call;
}

function unknownFunction(name: string, span?: SourceSpan): SqlSemanticError {
  const near = nearNames(name, [...FUNCTIONS.keys(), ...AGGREGATE_NAMES]);
  return new SqlSemanticError(`function ${name} does not exist${suggestionText(near)}`, {
    sqlState: '42883',
    facts: { function: name, near, ...span },
  });
}

/** 42883: the function exists, but not for these arguments. */
export function noSuchSignature(name: string, types: readonly SqlType[], span?: SourceSpan): SqlSemanticError {
  const written = types.map(typeText);
  return new SqlSemanticError(`function ${name}(${written.join(', ')}) does not exist for these argument types`, {
    sqlState: '42883',
    facts: { function: name, types: written, ...span },
  });
}
