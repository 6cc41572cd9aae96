import { describe, expect, test } from 'vitest';
import { ConstraintError, LimitError, SqlSyntaxError } from '../../../src/base/index.js';

describe('errors carry their facts as typed properties', () => {
  test('a limit', () => {
    const error = LimitError.exceeded('limits.keyBytes', 300, 256, 'bytes');
    expect([error.limit, error.found, error.max]).toEqual(['limits.keyBytes', 300, 256]);
    expect(error.facts).toMatchObject({ limit: 'limits.keyBytes', found: 300, max: 256 });
    const bare = new LimitError('too much');
    expect([bare.limit, bare.found, bare.max]).toEqual([undefined, undefined, undefined]);
  });

  test('a syntax error', () => {
    const error = new SqlSyntaxError('no', {
      sqlState: '42601',
      facts: { line: 2, column: 7, token: 'FORM', offset: 19 },
    });
    expect([error.line, error.column, error.token]).toEqual([2, 7, 'FORM']);
    expect(error.facts['offset']).toBe(19);
  });

  test('a constraint', () => {
    const facts = { table: 'book', constraint: 'book_pkey', columns: ['id'] };
    const error = new ConstraintError('duplicate', { sqlState: '23505', facts });
    expect([error.table, error.constraint, error.columns]).toEqual(['book', 'book_pkey', ['id']]);
  });
});
