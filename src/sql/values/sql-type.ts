/** The SQL types: descriptors, the names that mean them, and which of them go together. */

import { SqlSemanticError } from '../../base/index.js';
import type { TypeName } from '../ast/index.js';
import { nearNames, suggestionText } from './near-names.js';

export type SqlTypeName =
  | 'boolean'
  | 'smallint'
  | 'integer'
  | 'bigint'
  | 'real'
  | 'double precision'
  | 'text'
  | 'varchar'
  | 'bytea'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'json'
  | 'jsonb'
  | 'uuid'
  | 'unknown';

export type TypeCategory = 'boolean' | 'integer' | 'float' | 'string' | 'bytes' | 'time' | 'json' | 'uuid' | 'unknown';

export interface SqlType {
  readonly name: SqlTypeName;
  readonly category: TypeCategory;
  /** Most characters of a VARCHAR(n); undefined: no bound. */
  readonly length: number | undefined;
}

function descriptor(name: SqlTypeName, category: TypeCategory, length?: number): SqlType {
  return Object.freeze({ name, category, length });
}

export const BOOLEAN = descriptor('boolean', 'boolean');
export const SMALLINT = descriptor('smallint', 'integer');
export const INTEGER = descriptor('integer', 'integer');
export const BIGINT = descriptor('bigint', 'integer');
export const REAL = descriptor('real', 'float');
export const DOUBLE = descriptor('double precision', 'float');
export const TEXT = descriptor('text', 'string');
export const VARCHAR = descriptor('varchar', 'string');
export const BYTEA = descriptor('bytea', 'bytes');
export const DATE = descriptor('date', 'time');
export const TIMESTAMP = descriptor('timestamp', 'time');
export const TIMESTAMPTZ = descriptor('timestamptz', 'time');
export const JSON_TEXT = descriptor('json', 'json');
export const JSONB = descriptor('jsonb', 'json');
export const UUID = descriptor('uuid', 'uuid');
/** Of NULL, string literals and parameters until their surroundings give them a type; a string or NULL as value. */
export const UNKNOWN = descriptor('unknown', 'unknown');

/** Longest VARCHAR(n), as in PostgreSQL. */
const VARCHAR_LENGTH_MAX = 10_485_760;

export function varchar(length: number): SqlType {
  return descriptor('varchar', 'string', length);
}

const TYPES_BY_NAME: ReadonlyMap<string, SqlType> = new Map([
  ['boolean', BOOLEAN],
  ['bool', BOOLEAN],
  ['smallint', SMALLINT],
  ['int2', SMALLINT],
  ['integer', INTEGER],
  ['int', INTEGER],
  ['int4', INTEGER],
  ['bigint', BIGINT],
  ['int8', BIGINT],
  ['real', REAL],
  ['float4', REAL],
  ['double precision', DOUBLE],
  ['double', DOUBLE],
  ['float', DOUBLE],
  ['float8', DOUBLE],
  ['text', TEXT],
  ['string', TEXT],
  ['varchar', VARCHAR],
  ['character varying', VARCHAR],
  ['bytea', BYTEA],
  ['date', DATE],
  ['timestamp', TIMESTAMP],
  ['timestamp without time zone', TIMESTAMP],
  ['timestamptz', TIMESTAMPTZ],
  ['timestamp with time zone', TIMESTAMPTZ],
  ['json', JSON_TEXT],
  ['jsonb', JSONB],
  ['uuid', UUID],
]);

const UNSUPPORTED_TYPES: ReadonlyMap<string, string> = new Map([
  ['numeric', 'double precision, or bigint with a fixed scale'],
  ['decimal', 'double precision, or bigint with a fixed scale'],
  ['char', 'varchar(n)'],
  ['character', 'varchar(n)'],
  ['bpchar', 'varchar(n)'],
  ['time', 'text or integer'],
  ['interval', 'integer'],
]);

/**
 * The type a name means. Throws SqlSemanticError: 42704 with near names when there is none, 0A000 for types of
 * PostgreSQL that do not exist here, 42601 for arguments the type does not take.
 */
export function resolveType(typeName: TypeName): SqlType {
  const { name, span } = typeName;
  const type = TYPES_BY_NAME.get(name);
  if (type === undefined) throw unknownType(typeName);
  if (typeName.arguments.length === 0) return type;
  const length = typeName.arguments[0]!;
  if (type.name !== 'varchar' || typeName.arguments.length > 1) {
    throw new SqlSemanticError(`type ${name} does not take the arguments (${typeName.arguments.join(', ')})`, {
      sqlState: '42601',
      facts: { type: name, arguments: typeName.arguments, ...span },
    });
  }
  if (!Number.isInteger(length) || length < 1 || length > VARCHAR_LENGTH_MAX) {
    throw new SqlSemanticError(`length of type varchar must be 1 … ${VARCHAR_LENGTH_MAX}, found ${length}`, {
      sqlState: '22023',
      facts: { type: name, found: length, ...span },
    });
  }
  return varchar(length);
}

function unknownType({ name, span }: TypeName): SqlSemanticError {
  const instead = UNSUPPORTED_TYPES.get(name);
  if (instead !== undefined) {
    return new SqlSemanticError(`type ${name} is not supported; consider ${instead}`, {
      sqlState: '0A000',
      facts: { type: name, ...span },
    });
  }
  const near = nearNames(name, TYPES_BY_NAME.keys());
  return new SqlSemanticError(`type "${name}" does not exist${suggestionText(near)}`, {
    sqlState: '42704',
    facts: { type: name, near, ...span },
  });
}

/** As PostgreSQL writes it: `varchar(20)`, `double precision`. Resolves to the same type again. */
export function typeText(type: SqlType): string {
  return type.length === undefined ? type.name : `${type.name}(${type.length})`;
}

export function sameType(a: SqlType, b: SqlType): boolean {
  return a.name === b.name && a.length === b.length;
}

export function isNumeric(type: SqlType): boolean {
  return type.category === 'integer' || type.category === 'float';
}

/** JSON has no equality and no order; every other type has both. */
export function isComparable(type: SqlType): boolean {
  return type.name !== 'json';
}

const WIDTH: Readonly<Record<string, number>> = {
  smallint: 1,
  integer: 2,
  bigint: 3,
  date: 1,
  timestamp: 2,
  timestamptz: 3,
};

/**
 * The type in which two operands meet: comparison, CASE, COALESCE, IN. Undefined when they have none. Two unknowns are
 * TEXT; integers widen; an integer and a float meet in DOUBLE PRECISION; dates become timestamps.
 */
export function commonType(a: SqlType, b: SqlType): SqlType | undefined {
  if (a.name === 'unknown') return b.name === 'unknown' ? TEXT : b;
  if (b.name === 'unknown' || sameType(a, b)) return a;
  if (isNumeric(a) && isNumeric(b)) {
    if (a.category !== 'integer' || b.category !== 'integer') return DOUBLE;
    return WIDTH[a.name]! > WIDTH[b.name]! ? a : b;
  }
  if (a.category !== b.category) return undefined;
  if (a.category === 'string') return a.name === 'varchar' && b.name === 'varchar' ? VARCHAR : TEXT;
  if (a.category === 'time') return WIDTH[a.name]! > WIDTH[b.name]! ? a : b;
  return undefined;
}
