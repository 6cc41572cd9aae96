import { expect, it } from 'vitest';
import { indexName, isForbiddenName, snakeCase } from '../../../src/orm/registry/naming.js';

it.each([
  ['createdAt', 'created_at'],
  ['User', 'user'],
  ['UserProfile', 'user_profile'],
  ['HTTPServer', 'http_server'],
  ['parseURL', 'parse_url'],
  ['line2', 'line2'],
  ['line2Text', 'line2_text'],
  ['already_snake', 'already_snake'],
  ['id', 'id'],
  ['SHA256', 'sha256'],
])('%s becomes %s', (name, snake) => {
  expect(snakeCase(name)).toBe(snake);
});

it('names indexes as PostgreSQL does', () => {
  expect(indexName('users', ['email'], true)).toBe('users_email_key');
  expect(indexName('users', ['last', 'first'], false)).toBe('users_last_first_idx');
});

it('knows the names that every object answers to', () => {
  expect(['__proto__', 'constructor', 'prototype', 'toString', 'email'].filter(isForbiddenName)).toEqual([
    '__proto__',
    'constructor',
    'prototype',
    'toString',
  ]);
});
