import { beforeEach, expect, it } from 'vitest';
import { ConflictError, ConstraintError, InvalidArgumentError } from '../../src/base/index.js';
import type { Repository } from '../../src/orm/index.js';
import { Account, ENTITIES, Post, User } from './blog-entities.js';
import { type MemoryOrm, openMemoryOrm, START_MS } from './memory-orm.js';

let db: MemoryOrm;

beforeEach(async () => {
  db = await openMemoryOrm([...new Set([...ENTITIES, Account])]);
  return async () => db.store.close();
});

const emails = (users: User[]): string[] => users.map(({ email }) => email).sort();

it('insert gives rows an end, of one and of many', async () => {
  const users = db.repository(User);
  await users.insert({ email: 'kept' });
  await users.insert({ email: 'one', city: 'Rome' }, { ttlMs: 1000 });
  await users.insert([{ email: 'two' }, { email: 'three' }], { expiresAt: new Date(START_MS + 2000) });
  expect(await users.expiresAt(2)).toEqual(new Date(START_MS + 1000));
  expect(await users.expiresAt(1)).toBeUndefined();
  db.clock.advance(1000);
  expect(emails(await users.find())).toEqual(['kept', 'three', 'two']);
  expect(await users.findById(2)).toBeUndefined();
  expect(await users.find({ where: { city: 'Rome' } })).toEqual([]);
  await users.insert({ email: 'one' });
  db.clock.advance(1000);
  expect(emails(await users.find())).toEqual(['kept', 'one']);
  expect(await users.count({ city: 'Paris' })).toBe(2);
  // Rows with their entries in a unique and a plain index.
  expect(await db.store.expire()).toBe(3 * 3 - 1);
  expect(emails(await users.find({ where: { city: 'Paris' } }))).toEqual(['kept', 'one']);
});

it('save gives an end to new, changed and unchanged entities, and leaves those alone that a cascade reaches', async () => {
  const user = Object.assign(new User(), { email: 'ada' });
  user.posts.add(Object.assign(new Post(), { title: 'p' }));
  await db.repository(User).save(user, { ttlMs: 1000 });
  expect(await db.repository(User).expiresAt(user.id)).toEqual(new Date(START_MS + 1000));
  expect(await db.repository(Post).expiresAt(1)).toBeUndefined();
  await db.repository(User).save(user, { ttlMs: 5000 });
  user.city = 'Bern';
  await db.repository(User).save(user);
  await db.repository(User).update({ email: 'ada' }, { age: 36 });
  expect(await db.repository(User).expiresAt(user.id)).toEqual(new Date(START_MS + 5000));
  db.clock.advance(5000);
  expect(await db.repository(User).exists()).toBe(false);
  expect(await db.repository(User).exists({ city: 'Bern' })).toBe(false);
  expect(await db.repository(Post).exists()).toBe(true);
});

it('changes that a transaction writes at its end keep the end of a row, and bring back none', async () => {
  await db.repository(User).insert({ email: 'ada' }, { ttlMs: 1000 });
  await db.transaction(async (tx) => {
    const ada = (await tx.repository(User).findOne({ email: 'ada' }))!;
    db.clock.advance(5000);
    await db.store.expire();
    ada.city = 'Rome';
    expect(await tx.repository(User).findOne({ city: 'Rome' })).toBe(ada);
  });
  expect(await db.repository(User).find()).toEqual([]);
  expect(await db.repository(User).find({ where: { city: 'Rome' } })).toEqual([]);
});

it.each([
  ['removed', async (users: Repository<User>, ada: User) => users.remove(ada)],
  ['saved with another end', async (users: Repository<User>, ada: User) => users.save(ada, { ttlMs: 5000 })],
  ['changed', async (_users: Repository<User>, ada: User) => void (ada.email = 'eva')],
])('an entity that has ended is %s while another one takes over its unique value', async (_how, change) => {
  const { id: endedId } = await db.repository(User).insert({ email: 'ada' }, { ttlMs: 1000 });
  const tx = db.store.begin();
  const users = db.orm.repository(User, tx);
  // By its key: what is found by its unique value depends on the entry by that alone.
  const ada = (await users.findById(endedId))!;
  db.clock.advance(1000);
  const heir = await db.repository(User).insert({ email: 'ada' });
  await change(users, ada);
  await expect(tx.commit()).rejects.toThrow(ConflictError);
  expect((await db.repository(User).find()).map(({ id }) => id)).toEqual([heir.id]);
  expect(await db.repository(User).findOne({ email: 'ada' })).toMatchObject({ id: heir.id });
  await expect(db.repository(User).insert({ email: 'ada' })).rejects.toThrow(ConstraintError);
});

it('an end is no change of a versioned entity', async () => {
  const account = await db.repository(Account).insert({ iban: 'DE1' }, { ttlMs: 1000 });
  await db.repository(Account).save(account, { ttlMs: 2000 });
  expect(account.version).toBe(1);
  account.balance = 5;
  await db.repository(Account).save(account);
  expect([account.version, await db.repository(Account).expiresAt('DE1')]).toEqual([2, new Date(START_MS + 2000)]);
});

it('an entity whose row has ended is saved as one whose row was removed', async () => {
  const users = db.repository(User);
  const ada = await users.insert({ email: 'ada' }, { ttlMs: 1000 });
  const account = await db.repository(Account).insert({ iban: 'DE1' }, { ttlMs: 1000 });
  db.clock.advance(1000);
  await users.save(ada);
  expect(emails(await users.find())).toEqual(['ada']);
  expect(await users.expiresAt(ada.id)).toBeUndefined();
  account.balance = 5;
  await expect(db.repository(Account).save(account)).rejects.toThrow(ConflictError);
  await users.save(ada, { ttlMs: 1000 });
  await db.rows('UPDATE users USING TTL NULL SET age = 1');
  db.clock.advance(1000);
  expect(emails(await users.find())).toEqual(['ada']);
});

it('what cannot be an end is refused, and stores nothing', async () => {
  const users = db.repository(User);
  await expect(users.insert({ email: 'x' }, { ttlMs: -1 })).rejects.toThrow(InvalidArgumentError);
  await expect(users.insert([{ email: 'x' }], { expiresAt: START_MS })).rejects.toThrow(InvalidArgumentError);
  const unknown = { ttl: 5 } as { ttlMs?: number };
  await expect(users.save(Object.assign(new User(), { email: 'x' }), unknown)).rejects.toThrow(/"ttl"/);
  expect(await users.count()).toBe(0);
});
