import { describe, expect, test } from 'vitest';
import { SqlSemanticError } from '../../../../src/base/index.js';
import { typeName } from '../../../../src/sql/ast/index.js';
import * as values from '../../../../src/sql/values/index.js';

const { commonType, resolveType, typeText } = values;

function errorOf(action: () => unknown): SqlSemanticError {
  try {
    action();
  } catch (error) {
    if (error instanceof SqlSemanticError) return error;
    throw error;
  }
  throw new Error('expected a SqlSemanticError');
}

describe('type names', () => {
  test.each([
    ['int2', 'smallint'],
    ['int4', 'integer'],
    ['int', 'integer'],
    ['int8', 'bigint'],
    ['float4', 'real'],
    ['float8', 'double precision'],
    ['bool', 'boolean'],
    ['character varying', 'varchar'],
    ['timestamp with time zone', 'timestamptz'],
    ['timestamp without time zone', 'timestamp'],
  ])('%s means %s', (alias, canonical) => {
    expect(resolveType(typeName(alias)).name).toBe(canonical);
  });

  test('varchar keeps its length, and its text resolves to the same type', () => {
    const type = resolveType(typeName('varchar', [20]));
    expect(type).toMatchObject({ name: 'varchar', length: 20 });
    expect(typeText(type)).toBe('varchar(20)');
  });

  test('a misspelt type suggests near ones', () => {
    const error = errorOf(() => resolveType(typeName('integr')));
    expect(error.sqlState).toBe('42704');
    expect(error.facts['near']).toContain('integer');
    expect(error.message).toContain('did you mean');
  });

  test('a type of PostgreSQL that is missing here says so', () => {
    const error = errorOf(() => resolveType(typeName('numeric', [10, 2])));
    expect(error.sqlState).toBe('0A000');
    expect(error.message).toContain('double precision');
  });

  test.each([
    ['integer', [3], '42601'],
    ['varchar', [1, 2], '42601'],
    ['varchar', [0], '22023'],
    ['varchar', [10_485_761], '22023'],
  ])('%s(%j) is refused with %s', (name, given, sqlState) => {
    expect(errorOf(() => resolveType(typeName(name, given))).sqlState).toBe(sqlState);
  });
});

describe('the type where two operands meet', () => {
  test.each([
    [values.SMALLINT, values.BIGINT, values.BIGINT],
    [values.INTEGER, values.SMALLINT, values.INTEGER],
    [values.BIGINT, values.REAL, values.DOUBLE],
    [values.REAL, values.REAL, values.REAL],
    [values.REAL, values.DOUBLE, values.DOUBLE],
    [values.DATE, values.TIMESTAMP, values.TIMESTAMP],
    [values.TIMESTAMPTZ, values.TIMESTAMP, values.TIMESTAMPTZ],
    [values.varchar(3), values.varchar(5), values.VARCHAR],
    [values.varchar(3), values.TEXT, values.TEXT],
    [values.UNKNOWN, values.UUID, values.UUID],
    [values.UNKNOWN, values.UNKNOWN, values.TEXT],
  ])('%o and %o', (a, b, common) => {
    expect(commonType(a, b)).toEqual(common);
    expect(commonType(b, a)).toEqual(common);
  });

  test.each([
    [values.INTEGER, values.TEXT],
    [values.BOOLEAN, values.INTEGER],
    [values.UUID, values.TEXT],
    [values.JSON_TEXT, values.JSONB],
  ])('%o and %o have none', (a, b) => {
    expect(commonType(a, b)).toBeUndefined();
  });
});
