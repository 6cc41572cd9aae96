/** What repositories are asked with: whatever they would not understand is refused, and never means "every row". */

import { beforeEach, expect, it } from 'vitest';
import { InvalidArgumentError } from '../../src/base/index.js';
import type { Repository } from '../../src/orm/index.js';
import { ENTITIES, User } from './blog-entities.js';
import { type MemoryOrm, openMemoryOrm } from './memory-orm.js';

let db: MemoryOrm;
let users: Repository<User>;

beforeEach(async () => {
  db = await openMemoryOrm(ENTITIES);
  users = db.repository(User);
  await users.insert([{ email: 'ada' }, { email: 'bob' }]);
  return async () => db.store.close();
});

/** As a program without types would call. */
const untyped = (): Record<string, (...parameters: unknown[]) => Promise<unknown>> => users as never;

it.each(['findOne', 'count', 'exists', 'update', 'delete'])('%s refuses a where that is undefined', async (method) => {
  for (const where of [undefined, null]) {
    const call = untyped()[method]!.call(users, where, method === 'update' ? { age: 1 } : {});
    await expect(call).rejects.toThrow(InvalidArgumentError);
    await expect(call).rejects.toThrow(`${method} needs a where-object, found ${String(where)}; {} means every row`);
  }
  expect(await users.count({ age: null })).toBe(2);
});

it.each(['find', 'iterate'])('%s refuses a where that is set to undefined', async (method) => {
  const ask = async (): Promise<unknown> => untyped()[method]!.call(users, { where: undefined });
  await expect(ask()).rejects.toThrow(`${method} needs a where-object, found undefined`);
});

it('count and exists without arguments mean every row', async () => {
  expect(await users.count()).toBe(2);
  expect(await users.exists()).toBe(true);
});

it.each<[string, unknown[], string]>([
  ['find', [{ email: 'bob' }], 'where, with, withDeleted, orderBy, limit, offset'],
  ['find', [{ whre: { email: 'bob' } }], 'where, with, withDeleted, orderBy, limit, offset'],
  ['findOne', [{ email: 'bob' }, { limit: 1 }], 'with, withDeleted, orderBy'],
  ['findById', [1, { orderBy: { id: 'asc' } }], 'with, withDeleted'],
  ['count', [{}, { limit: 1 }], 'withDeleted'],
  ['exists', [{}, { with: {} }], 'withDeleted'],
  ['iterate', [{ limit: 1 }], 'where, with, withDeleted, batchSize'],
])('%s refuses options it does not have: %j', async (method, parameters, known) => {
  const ask = async (): Promise<unknown> => untyped()[method]!.apply(users, parameters);
  await expect(ask()).rejects.toThrow(InvalidArgumentError);
  await expect(ask()).rejects.toThrow(known);
  await expect(ask()).rejects.toThrow(`options of ${method}`);
});

it('refuses options that are not what they should be', async () => {
  await expect(users.find({ withDeleted: 'no' as never })).rejects.toThrow(/withDeleted of find must be true or false/);
  await expect(users.find(5 as never)).rejects.toThrow(/options of find must be an object/);
});

it.each<[string, (where: object) => Promise<unknown>]>([
  ['find', async (where) => users.find({ where })],
  ['findOne', async (where) => users.findOne(where)],
  ['count', async (where) => users.count(where)],
  ['exists', async (where) => users.exists(where)],
  ['update', async (where) => users.update(where, { age: 1 })],
  ['delete', async (where) => users.delete(where)],
])('%s refuses conditions on properties that there are not, and lists those there are', async (_, ask) => {
  await expect(ask({ mail: 'bob' })).rejects.toThrow(
    'User has no property "mail"; it has id, email, age, city, settings',
  );
  await expect(ask({ email: undefined })).rejects.toThrow(/where User.email is undefined/);
  expect(await users.count({ age: null })).toBe(2);
});
