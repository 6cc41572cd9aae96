import { beforeEach, describe, expect, it } from 'vitest';
import { ConstraintError, InvalidArgumentError } from '../../src/base/index.js';
import {
  and,
  between,
  gt,
  gte,
  isLoaded,
  isNotNull,
  isNull,
  like,
  lt,
  lte,
  ne,
  not,
  notOneOf,
  oneOf,
  or,
  type Repository,
  type Where,
} from '../../src/orm/index.js';
import { Account, Comment, ENTITIES, Post, Seat, User } from './blog-entities.js';
import { type MemoryOrm, openMemoryOrm, START_MS } from './memory-orm.js';

let db: MemoryOrm;
let users: Repository<User>;

beforeEach(async () => {
  db = await openMemoryOrm(ENTITIES);
  users = db.repository(User);
  await users.insert([
    { email: 'ada@x', age: 36, city: 'London', settings: { theme: 'dark', tags: ['a'] } },
    { email: 'bob@x', age: 17 },
    { email: 'cyd@x', city: 'Rome' },
    { email: 'dan@y', age: 50, city: 'Rome' },
  ]);
  return async () => db.store.close();
});

async function emails(where?: Where<User>): Promise<string[]> {
  const found = await users.find({ ...(where === undefined ? {} : { where }), orderBy: { id: 'asc' } });
  return found.map(({ email }) => email[0]!);
}

describe('insert', () => {
  it('returns entities with everything that was generated', async () => {
    const user = await users.insert({ email: 'eve@x' });
    expect(user).toBeInstanceOf(User);
    expect(user).toMatchObject({ id: 5, email: 'eve@x', age: null, city: 'Paris', settings: null });
    expect(user.posts.toArray()).toEqual([]);
    const post = await db.repository(Post).insert({ title: 'On engines', author: user });
    const comment = await db.repository(Comment).insert({ body: 'Yes', post: post.id });
    expect(comment.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(comment).toMatchObject({ createdAt: new Date(START_MS), updatedAt: new Date(START_MS), deletedAt: null });
    expect(comment.post).toBeInstanceOf(Post);
    expect(comment.post.id).toBe(post.id);
  });

  it('keeps the instance it is given', async () => {
    const user = Object.assign(new User(), { email: 'eve@x' });
    expect(await users.insert(user)).toBe(user);
    expect(user).toMatchObject({ id: 5, age: null, city: 'Paris' });
  });

  it('inserts all or none', async () => {
    await expect(users.insert([{ email: 'new@x' }, { email: 'ada@x' }])).rejects.toThrow(ConstraintError);
    expect(await users.count()).toBe(4);
  });

  it.each<[string, object, RegExp]>([
    ['an unknown property', { email: 'e', name: 'x' }, /User has no property "name"; it has id, email/],
    ['a column name', { email: 'e', settings_: 1 }, /no property "settings_"/],
    ['a collection', { email: 'e', posts: [] }, /no column behind "posts"/],
    ['an object for a scalar', { email: { toString: 'x' } }, /User\.email is of type text and takes no object/],
    ['the wrong type', { email: 'e', age: 'old' }, /integer/],
    ['__proto__', JSON.parse('{"email": "e", "__proto__": {"age": 1}}') as object, /no property "__proto__"/],
  ])('refuses %s', async (_, values, message) => {
    await expect(users.insert(values)).rejects.toThrow(InvalidArgumentError);
    await expect(users.insert(values)).rejects.toThrow(message);
    expect(await users.count()).toBe(4);
  });

  it('reports a missing value as the constraint it breaks', async () => {
    await expect(users.insert({ age: 3 })).rejects.toMatchObject({ code: 'VARVE_CONSTRAINT', sqlState: '23502' });
  });
});

describe('finding', () => {
  it.each<[string, Where<User>, string]>([
    ['nothing asked', {}, 'abcd'],
    ['equality', { email: 'ada@x' }, 'a'],
    ['null', { age: null }, 'c'],
    ['isNull', { age: isNull() }, 'c'],
    ['isNotNull', { settings: isNotNull() }, 'a'],
    ['gte', { age: gte(36) }, 'ad'],
    ['lt and gte', { age: and(gte(17), lt(50)) }, 'ab'],
    ['lte', { age: lte(17) }, 'b'],
    ['gt', { age: gt(17) }, 'ad'],
    ['between', { age: between(17, 36) }, 'ab'],
    ['ne, which no NULL satisfies', { age: ne(17) }, 'ad'],
    ['oneOf', { city: oneOf(['Rome', 'London']) }, 'acd'],
    ['oneOf nothing', { city: oneOf([]) }, ''],
    ['notOneOf', { city: notOneOf(['Rome']) }, 'ab'],
    ['like', { email: like('%@x') }, 'abc'],
    ['like, any case', { email: like('ADA%', { caseInsensitive: true }) }, 'a'],
    ['not', { city: not(oneOf(['Rome'])) }, 'ab'],
    ['or over objects', or({ age: lt(18) }, { city: 'London' }), 'ab'],
    ['two properties', { city: 'Rome', age: 50 }, 'd'],
    ['a document', { settings: { tags: ['a'], theme: 'dark' } }, 'a'],
    ['not over objects', not({ city: 'Rome' }), 'ab'],
  ])('by %s', async (_, where, expected) => {
    expect((await emails(where)).join('')).toBe(expected);
    expect(await users.count(where)).toBe(expected.length);
    expect(await users.exists(where)).toBe(expected.length > 0);
  });

  it('orders, limits and skips', async () => {
    const found = await users.find({ orderBy: [{ city: 'desc' }, { id: 'desc' }], limit: 2, offset: 1 });
    expect(found.map(({ email }) => email)).toEqual(['cyd@x', 'bob@x']);
    expect(await users.find({ limit: 0 })).toEqual([]);
  });

  it('finds one by conditions, the first in order', async () => {
    expect(await users.findOne({ city: 'Rome' }, { orderBy: { id: 'desc' } })).toMatchObject({ email: 'dan@y' });
    expect(await users.findOne({ city: 'Oslo' })).toBeUndefined();
  });

  it('finds by key', async () => {
    expect(await users.findById(3)).toMatchObject({ id: 3, email: 'cyd@x', age: null });
    expect(await users.findById(99)).toBeUndefined();
    await expect(users.findById({ id: 3 })).rejects.toThrow(InvalidArgumentError);
    await expect(users.findById(null as never)).rejects.toThrow(/User\.id is part of the primary key/);
  });

  it('finds by composite key', async () => {
    const seats = db.repository(Seat);
    await seats.insert([
      { row: 1, place: 'a' },
      { row: 1, place: 'b', taken: true },
    ]);
    expect(await seats.findById({ place: 'b', row: 1 })).toMatchObject({ row: 1, place: 'b', taken: true });
    expect(await seats.findById({ row: 2, place: 'b' })).toBeUndefined();
    await expect(seats.findById({ row: 1 })).rejects.toThrow(/an object with the properties row, place/);
    await expect(seats.findById(1)).rejects.toThrow(InvalidArgumentError);
  });

  it.each<[string, object, RegExp]>([
    ['a negative limit', { limit: -1 }, /limit must be a whole number of rows/],
    ['a fractional offset', { offset: 1.5 }, /offset must be/],
    ['an unknown order', { orderBy: { mail: 'asc' } }, /User has no property "mail"/],
    ['a direction of its own', { orderBy: { age: 'asc; drop' } }, /expected 'asc' or 'desc'/],
    ['an unknown relation', { with: { friends: true } }, /User has no relation "friends".*it has posts/],
    ['a column as relation', { with: { email: true } }, /no relation "email"/],
  ])('refuses %s', async (_, options, message) => {
    await expect(users.find(options)).rejects.toThrow(message);
  });

  it('gives detached, plain instances', async () => {
    const [first, second] = [await users.findById(1), await users.findById(1)];
    expect(first === second).toBe(false);
    expect({ ...first, posts: 0 }).toEqual({ ...second, posts: 0 });
    first!.age = 1;
    expect(await users.findById(1)).toMatchObject({ age: 36 });
  });
});

describe('update and delete', () => {
  it('change all matching rows', async () => {
    expect(await users.update({ city: 'Rome' }, { age: 1, settings: { theme: 'light' } })).toBe(2);
    expect(await users.find({ where: { age: 1 }, orderBy: { id: 'asc' } })).toMatchObject([
      { email: 'cyd@x', settings: { theme: 'light' } },
      { email: 'dan@y' },
    ]);
    expect(await users.update({ city: 'Oslo' }, { age: 1 })).toBe(0);
  });

  it('change references by entity and by key', async () => {
    const posts = db.repository(Post);
    await posts.insert([
      { title: 'a', author: 1 },
      { title: 'b', author: 1 },
    ]);
    const bob = (await users.findById(2))!;
    await posts.update({ title: 'a' }, { author: bob, editor: 3 });
    expect(await posts.count({ author: bob, editor: 3 })).toBe(1);
    await posts.update({ title: 'a' }, { editor: null });
    expect(await posts.count({ editor: null })).toBe(2);
  });

  it('keep versions', async () => {
    const accounts = db.repository(Account);
    await accounts.insert([{ iban: 'a' }, { iban: 'b' }]);
    await accounts.update({ iban: 'a' }, { balance: 5 });
    expect(await accounts.findById('a')).toMatchObject({ balance: 5, version: 2 });
    expect(await accounts.findById('b')).toMatchObject({ version: 1 });
  });

  it('remove rows', async () => {
    expect(await users.delete({ age: isNull() })).toBe(1);
    expect(await emails()).toEqual(['a', 'b', 'd']);
    expect(await users.delete({})).toBe(3);
    expect(await users.count()).toBe(0);
  });

  it.each<[string, object, RegExp]>([
    ['an empty patch', {}, /takes an object with the properties of User to change/],
    ['the primary key', { id: 5 }, /User\.id is part of the primary key/],
    ['an unknown property', { mail: 'x' }, /no property "mail"/],
    ['undefined', { age: undefined }, /User\.age is undefined/],
    ['an object for a scalar', { email: {} }, /takes no object/],
  ])('refuse %s', async (_, patch, message) => {
    await expect(users.update({}, patch)).rejects.toThrow(message);
    expect(await users.count({ email: like('%@%') })).toBe(4);
  });

  it('refuse to guess a missing where', async () => {
    await expect(users.delete(undefined as never)).rejects.toThrow(/\{\} means every row/);
    await expect(users.update(undefined as never, { age: 1 })).rejects.toThrow(InvalidArgumentError);
    await expect(users.delete({ city: undefined } as never)).rejects.toThrow(/city is undefined/);
    expect(await users.count()).toBe(4);
  });
});

describe('save and remove of detached entities', () => {
  it('writes what differs from the row', async () => {
    const user = (await users.findById(1))!;
    user.age = 37;
    user.settings!.tags!.push('b');
    expect(await users.save(user)).toBe(user);
    expect(await users.findById(1)).toMatchObject({
      age: 37,
      city: 'London',
      settings: { theme: 'dark', tags: ['a', 'b'] },
    });
  });

  it('inserts what has no row', async () => {
    const user = await users.save(Object.assign(new User(), { email: 'new@x' }));
    expect(await users.findById(user.id)).toMatchObject({ email: 'new@x', city: 'Paris' });
  });

  it('removes', async () => {
    const user = (await users.findById(1))!;
    await users.remove(user);
    expect(await users.findById(1)).toBeUndefined();
    await users.remove(user);
    await expect(users.remove(new User())).rejects.toThrow(/without primary key was never saved/);
  });

  it('takes instances of the entity only', async () => {
    await expect(users.save({ id: 1, email: 'x' } as never)).rejects.toThrow(/save takes instances of User/);
    await expect(users.remove(new Post() as never)).rejects.toThrow(/remove takes instances of User/);
  });
});

describe('iterate', () => {
  it('visits every match once, in batches, in the order of keys', async () => {
    await users.insert(Array.from({ length: 25 }, (_, i) => ({ email: `n${i}`, age: i })));
    const seen: number[] = [];
    for await (const user of users.iterate({ where: { email: like('n%') }, batchSize: 4 })) seen.push(user.age!);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => i));
  });

  it('sees one state of the database', async () => {
    const seen: string[] = [];
    for await (const user of users.iterate({ batchSize: 1 })) {
      if (seen.length === 0) await users.delete({});
      seen.push(user.email[0]!);
    }
    expect(seen.join('')).toBe('abcd');
    expect(db.store.stats().openSnapshots).toBe(0);
  });

  it('goes by composite keys', async () => {
    const seats = db.repository(Seat);
    const keys = [1, 2, 3].flatMap((row) => ['a', 'b', 'c'].map((place) => ({ row, place })));
    await seats.insert(keys.toReversed());
    const seen: object[] = [];
    for await (const { row, place } of seats.iterate({ batchSize: 2 })) seen.push({ row, place });
    expect(seen).toEqual(keys);
  });

  it('gives its snapshot back when it is left early', async () => {
    for await (const _ of users.iterate({ batchSize: 1 })) break;
    expect(db.store.stats().openSnapshots).toBe(0);
    expect(() => users.iterate({ batchSize: 0 })).toThrow(InvalidArgumentError);
  });
});

describe('hostile documents', () => {
  it('come back without touching a prototype', async () => {
    const settings = JSON.parse('{"__proto__": {"admin": true}, "constructor": 1, "theme": "x"}') as { theme: string };
    await users.update({ id: 1 }, { settings });
    const user = (await users.findById(1))!;
    expect((user.settings as { admin?: boolean }).admin).toBeUndefined();
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    expect(Object.keys(user.settings!).sort()).toEqual(['__proto__', 'constructor', 'theme']);
  });
});

it('tells references from loaded entities', async () => {
  const posts = db.repository(Post);
  await posts.insert({ title: 'a', author: 1 });
  const [plain] = await posts.find();
  const [rich] = await posts.find({ with: { author: true } });
  expect([isLoaded(plain!), isLoaded(plain!.author), isLoaded(rich!.author)]).toEqual([true, false, true]);
});
