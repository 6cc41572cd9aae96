import { beforeEach, describe, expect, it } from 'vitest';
import { InvalidArgumentError, TransactionClosedError } from '../../src/base/index.js';
import { Collection, isLoaded, oneOf } from '../../src/orm/index.js';
import type { Statement } from '../../src/sql/index.js';
import { Comment, ENTITIES, Folder, Post, Seat, Ticket, User } from './blog-entities.js';
import { type MemoryOrm, openMemoryOrm } from './memory-orm.js';

let db: MemoryOrm;

beforeEach(async () => {
  db = await openMemoryOrm(ENTITIES);
  await db.repository(User).insert([{ email: 'ada' }, { email: 'bob' }, { email: 'cyd' }]);
  await db.repository(Post).insert([
    { title: 'a1', author: 1, editor: 2 },
    { title: 'b1', author: 2 },
    { title: 'a2', author: 1, editor: 1 },
  ]);
  await db.repository(Comment).insert([
    { body: 'x', post: 1 },
    { body: 'y', post: 1 },
    { body: 'z', post: 3 },
  ]);
  return async () => db.store.close();
});

/** Runs `work` and returns the kinds of the statements it ran. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const kinds: string[] = [];
  const { sql } = db;
  const original = sql.runSync.bind(sql) as (...parameters: unknown[]) => unknown;
  const watched = (...parameters: unknown[]): unknown => {
    kinds.push((parameters[0] as Statement).kind);
    return original(...parameters);
  };
  sql.runSync = watched as typeof sql.runSync;
  await work();
  sql.runSync = original as typeof sql.runSync;
  return kinds;
}

const titles = (user: User | undefined): string[] => user!.posts.toArray().map((post) => post.title);

describe('with', () => {
  it('loads collections of all entities with one query more', async () => {
    let users: User[] = [];
    const statements = await statementsOf(async () => {
      users = await db.repository(User).find({ orderBy: { id: 'asc' }, with: { posts: true } });
    });
    expect(statements).toEqual(['select', 'select']);
    expect(users.map(titles)).toEqual([['a1', 'a2'], ['b1'], []]);
    expect(users[0]!.posts.toArray()[0]!.author).toBe(users[0]);
    expect(users[0]!.posts.toArray()[0]!.editor).toBe(users[1]);
  });

  it('loads references by key, each target once', async () => {
    const posts = await db.repository(Post).find({ orderBy: { id: 'asc' }, with: { author: true } });
    expect(posts.map((post) => post.author.email)).toEqual(['ada', 'bob', 'ada']);
    expect(posts[0]!.author).toBe(posts[2]!.author);
    expect(posts[1]!.editor).toBeNull();
  });

  it('nests', async () => {
    let user: User | undefined;
    const statements = await statementsOf(async () => {
      user = await db.repository(User).findById(1, { with: { posts: { comments: true, editor: { posts: true } } } });
    });
    expect(statements).toHaveLength(3);
    const [first, second] = user!.posts.toArray();
    expect(
      first!.comments
        .toArray()
        .map(({ body }) => body)
        .sort(),
    ).toEqual(['x', 'y']);
    expect(second!.comments.length).toBe(1);
    expect(titles(first!.editor!)).toEqual(['b1']);
    expect(second!.editor).toBe(user);
  });

  it('loads composite keys', async () => {
    await db.repository(Seat).insert([
      { row: 1, place: 'a' },
      { row: 1, place: 'b' },
      { row: 2, place: 'a' },
    ]);
    const seat = (row: number, place: string): Seat => db.repository(Seat).reference({ row, place });
    await db.repository(Ticket).insert([{ seat: seat(1, 'a') }, { seat: seat(2, 'a') }, { seat: seat(1, 'a') }, {}]);
    const seats = await db
      .repository(Seat)
      .find({ orderBy: [{ row: 'asc' }, { place: 'asc' }], with: { tickets: true } });
    expect(seats.map((seat) => seat.tickets.toArray().map(({ id }) => id))).toEqual([[1, 3], [], [2]]);
    const found = await db.repository(Ticket).find({ where: { seat: oneOf([seats[0]!, seat(2, 'a')]) } });
    expect(found.map(({ id }) => id).sort((a, b) => a - b)).toEqual([1, 2, 3]);
    expect(await db.repository(Ticket).count({ seat: null })).toBe(1);
  });

  it('leaves a dangling reference what it is', async () => {
    await db.rows('DELETE FROM users WHERE id = 2');
    const post = await db.repository(Post).findOne({ title: 'b1' }, { with: { author: true } });
    expect(post!.author.id).toBe(2);
    expect(isLoaded(post!.author)).toBe(false);
  });

  it('can be turned off per relation, and refuses nonsense', async () => {
    const user = await db.repository(User).findById(1, { with: { posts: undefined } as never });
    expect(user!.posts.isLoaded).toBe(false);
    await expect(db.repository(User).find({ with: 'posts' as never })).rejects.toThrow(/must name relations/);
    const cyclic: { posts?: unknown; author?: unknown } = {};
    cyclic.posts = { author: cyclic };
    await expect(db.repository(User).find({ with: cyclic as never })).rejects.toThrow(/nested more than/);
  });
});

describe('an unloaded collection', () => {
  it('throws when it is touched', async () => {
    const user = (await db.repository(User).findById(1))!;
    expect(() => user.posts.length).toThrow(InvalidArgumentError);
    await expect(user.posts.load()).rejects.toThrow(/User.posts belongs to a detached entity/);
  });

  it('loads inside its transaction, seeing what was changed there', async () => {
    let late: User | undefined;
    await db.transaction(async (tx) => {
      const ada = (await tx.repository(User).findById(1))!;
      late = await tx.repository(User).findById(2);
      const post = (await tx.repository(Post).findOne({ title: 'b1' }))!;
      post.author = ada;
      expect((await ada.posts.load()).toArray()).toContain(post);
      expect(titles(ada)).toEqual(['a1', 'b1', 'a2']);
      expect(await ada.posts.load()).toBe(ada.posts);
    });
    await expect(late!.posts.load()).rejects.toThrow(TransactionClosedError);
  });

  it('loads from its snapshot while that is open', async () => {
    const snapshot = db.store.snapshot();
    const users = db.orm.repository(User, snapshot);
    const [ada, bob] = await users.find({ orderBy: { id: 'asc' } });
    await db.repository(Post).delete({});
    expect(titles(await ada!.posts.load().then(() => ada))).toEqual(['a1', 'a2']);
    snapshot.close();
    await expect(bob!.posts.load()).rejects.toThrow(TransactionClosedError);
  });
});

describe('cascade persist', () => {
  it('saves new members with their owner', async () => {
    const user = Object.assign(new User(), { email: 'dan' });
    const post = Object.assign(new Post(), { title: 'd1' });
    post.comments.add(Object.assign(new Comment(), { body: 'own' }));
    user.posts.add(post);
    await db.repository(User).save(user);
    expect(post.author).toBe(user);
    const found = await db.repository(User).findOne({ email: 'dan' }, { with: { posts: { comments: true } } });
    expect(titles(found)).toEqual(['d1']);
    expect(found!.posts.toArray()[0]!.comments.toArray()[0]!.body).toBe('own');
  });

  it('saves members added to a loaded collection before the commit', async () => {
    await db.transaction(async (tx) => {
      const ada = (await tx.repository(User).findById(1, { with: { posts: true } }))!;
      ada.posts.add(Object.assign(new Post(), { title: 'a3' }));
      expect(await tx.repository(Post).count({ author: ada })).toBe(3);
    });
    expect(await db.repository(Post).count({ author: 1 })).toBe(3);
  });

  it('works on what insert returns', async () => {
    await db.transaction(async (tx) => {
      const dan = await tx.repository(User).insert({ email: 'dan' });
      dan.posts.add(Object.assign(new Post(), { title: 'd1' }));
    });
    expect(await db.repository(Post).count({ title: 'd1' })).toBe(1);
  });

  it('moves a member to another owner', async () => {
    await db.transaction(async (tx) => {
      const [ada, , cyd] = await tx.repository(User).find({ orderBy: { id: 'asc' }, with: { posts: true } });
      cyd!.posts.add(ada!.posts.toArray()[0]!);
    });
    expect(await db.rows('SELECT title FROM posts WHERE author_id = 3')).toEqual([['a1']]);
  });

  it('saves a new target of a reference that cascades', async () => {
    const post = Object.assign(new Post(), { title: 'n', author: (await db.repository(User).findById(1))! });
    post.editor = Object.assign(new User(), { email: 'new' });
    await db.repository(Post).insert(post);
    expect(await db.rows("SELECT u.email FROM posts p JOIN users u ON u.id = p.editor_id WHERE p.title = 'n'")).toEqual(
      [['new']],
    );
  });

  it('does not read or write references that nobody touched', async () => {
    await db.transaction(async (tx) => {
      const post = (await tx.repository(Post).findById(1))!;
      post.title = 'changed';
      await tx.repository(Post).flush();
      expect(isLoaded(post.editor!)).toBe(false);
    });
  });

  it('refuses anything but a Collection', async () => {
    const user = Object.assign(new User(), { email: 'dan', posts: [] });
    await expect(db.repository(User).save(user as never)).rejects.toThrow(/User.posts must hold a Collection/);
  });
});

describe('cascade remove', () => {
  it('takes members along, and theirs', async () => {
    await db.transaction(async (tx) => {
      const ada = (await tx.repository(User).findById(1))!;
      await tx.repository(User).remove(ada);
      expect(await tx.repository(Post).count()).toBe(1);
    });
    expect(await db.rows('SELECT title FROM posts')).toEqual([['b1']]);
    expect(await db.repository(Comment).count()).toBe(0);
  });

  it('takes a removed member out of loaded collections, and does not save it again', async () => {
    await db.transaction(async (tx) => {
      const ada = (await tx.repository(User).findById(1, { with: { posts: true } }))!;
      const [first] = ada.posts;
      await tx.repository(Post).remove(first!);
      expect(titles(ada)).toEqual(['a2']);
    });
    expect(await db.repository(Post).count({ author: 1 })).toBe(1);
  });

  it('takes along what was added and not yet written', async () => {
    await db.transaction(async (tx) => {
      const bob = (await tx.repository(User).findById(2, { with: { posts: true } }))!;
      bob.posts.add(Object.assign(new Post(), { title: 'b2' }));
      await tx.repository(User).remove(bob);
    });
    expect(await db.repository(Post).count({ author: 2 })).toBe(0);
  });
});

describe('members without owner', () => {
  it('are what remove() makes of them where the reference is nullable', async () => {
    const folder = await db.repository(Folder).insert({ name: 'root' });
    await db.repository(Folder).insert([
      { name: 'a', parent: folder },
      { name: 'b', parent: folder },
    ]);
    await db.transaction(async (tx) => {
      const root = (await tx.repository(Folder).findById(folder.id, { with: { children: true } }))!;
      const [a] = root.children;
      root.children.remove(a!);
    });
    expect(await db.rows('SELECT name FROM folder WHERE parent_id IS NULL ORDER BY name')).toEqual([['a'], ['root']]);
  });
});

it('turns loaded entities into JSON without running in circles', async () => {
  const users = await db.repository(User).find({ where: { id: 1 }, with: { posts: true } });
  const [user] = JSON.parse(JSON.stringify(users)) as { posts: { title: string; author?: unknown }[] }[];
  expect(user!.posts.map(({ title, author }) => [title, author])).toEqual([
    ['a1', undefined],
    ['a2', undefined],
  ]);
  expect(new Collection([{ a: 1 }]).toJSON()).toEqual([{ a: 1 }]);
});
