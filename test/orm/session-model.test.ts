/**
 * Random work on entities against a model of plain maps: whatever way a change is made (on an instance, by a statement, by
 * a cascade), queries inside the transaction and the tables after it must show the model's state, and nothing of what was
 * rolled back to a savepoint or with the transaction.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { gte, oneOf, type Repository } from '../../src/orm/index.js';
import { propertyOptions } from '../support/seed.js';
import { ENTITIES, Post, User } from './blog-entities.js';
import { type MemoryOrm, openMemoryOrm, type TransactionOrm } from './memory-orm.js';

interface Model {
  /** Ages by id. */
  readonly users: Map<number, number | null>;
  /** Author ids by id. */
  readonly posts: Map<number, number>;
}

type Command =
  | { readonly kind: 'insert-user' | 'cascade-post' | 'count'; readonly age: number }
  | { readonly kind: 'set-age' | 'set-unread' | 'update-where'; readonly pick: number; readonly age: number }
  | { readonly kind: 'insert-post' | 'remove-user' | 'delete-where'; readonly pick: number }
  | { readonly kind: 'remove-post'; readonly pick: number }
  | { readonly kind: 'move-post'; readonly pick: number; readonly other: number }
  | { readonly kind: 'flush' | 'savepoint' | 'rollback' };

const pick = fc.nat({ max: 50 });
const age = fc.nat({ max: 5 });
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constantFrom('insert-user' as const, 'cascade-post' as const), age }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('count' as const), age }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('set-age' as const, 'set-age' as const, 'set-unread' as const, 'update-where' as const),
      pick,
      age,
    }),
  },
  fc.record({
    kind: fc.constantFrom('insert-post' as const, 'remove-user' as const, 'delete-where' as const),
    pick,
  }),
  fc.record({ kind: fc.constant('remove-post' as const), pick }),
  fc.record({ kind: fc.constant('move-post' as const), pick, other: pick }),
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'savepoint' as const, 'rollback' as const) }),
  },
);
const work = fc.array(fc.record({ commands: fc.array(command, { maxLength: 30 }), fails: fc.boolean() }), {
  maxLength: 4,
});

const copyOf = (model: Model): Model => ({ users: new Map(model.users), posts: new Map(model.posts) });

function restore(model: Model, from: Model): void {
  for (const part of ['users', 'posts'] as const) {
    model[part].clear();
    for (const [key, value] of from[part]) (model[part] as Map<number, number | null>).set(key, value);
  }
}

let emails = 0;

class Run {
  readonly #db: MemoryOrm;
  readonly #model: Model;
  readonly #tx: TransactionOrm;
  readonly #users: Repository<User>;
  readonly #posts: Repository<Post>;
  readonly #savepoints: (() => void)[] = [];
  readonly #held = new Map<number, User>();

  constructor(db: MemoryOrm, model: Model, tx: TransactionOrm) {
    this.#db = db;
    this.#model = model;
    this.#tx = tx;
    this.#users = tx.repository(User);
    this.#posts = tx.repository(Post);
  }

  async do(step: Command): Promise<void> {
    const { users, posts } = this.#model;
    switch (step.kind) {
      case 'insert-user': {
        const user = await this.#users.insert({ email: `u${emails++}`, age: step.age });
        users.set(user.id, step.age);
        return;
      }
      case 'cascade-post': {
        const user = Object.assign(new User(), { email: `u${emails++}`, age: step.age });
        const post = Object.assign(new Post(), { title: 'new' });
        user.posts.add(post);
        await this.#users.save(user);
        users.set(user.id, step.age);
        posts.set(post.id, user.id);
        return;
      }
      case 'count': {
        const expected = [...users.values()].filter((value) => value !== null && value >= step.age);
        expect(await this.#users.count({ age: gte(step.age) })).toBe(expected.length);
        return;
      }
      case 'flush':
        return this.#users.flush();
      case 'savepoint':
        return this.#savepoint();
      case 'rollback':
        return this.#savepoints.pop()?.();
      default:
        return this.#change(step);
    }
  }

  async #change(step: Extract<Command, { readonly pick: number }>): Promise<void> {
    const { users, posts } = this.#model;
    const userId = chosen(users, step.pick);
    const postId = chosen(posts, step.pick);
    if (step.kind === 'remove-post' || step.kind === 'move-post') {
      if (postId === undefined) return;
      const post = (await this.#posts.findById(postId))!;
      if (step.kind === 'remove-post') {
        await this.#posts.remove(post);
        posts.delete(postId);
        return;
      }
      const target = chosen(users, step.other)!;
      post.author = step.other % 2 === 0 ? this.#users.reference(target) : (await this.#users.findById(target))!;
      posts.set(postId, target);
      return;
    }
    if (userId === undefined) return;
    switch (step.kind) {
      case 'set-age':
        await this.#setAge(userId, step.age);
        return;
      case 'set-unread':
        // Where nobody loaded it, a change on a mere reference.
        this.#users.reference(userId).age = step.age;
        users.set(userId, step.age);
        return;
      case 'update-where':
        await this.#users.update({ id: oneOf([userId, userId + 1]) }, { age: step.age });
        for (const id of [userId, userId + 1]) if (users.has(id)) users.set(id, step.age);
        return;
      case 'insert-post': {
        const post = await this.#posts.insert({ title: 'p', author: userId });
        posts.set(post.id, userId);
        return;
      }
      case 'remove-user':
        await this.#users.remove(this.#users.reference(userId));
        users.delete(userId);
        for (const [id, author] of posts) if (author === userId) posts.delete(id);
        return;
      case 'delete-where':
        await this.#posts.delete({ author: userId });
        for (const [id, author] of posts) if (author === userId) posts.delete(id);
    }
  }

  async #setAge(id: number, age: number): Promise<void> {
    const user = (await this.#users.findById(id))!;
    user.age = age;
    this.#model.users.set(id, age);
    this.#held.set(id, user);
  }

  /** Instances that the program holds show the model's state, without being found again. */
  checkHeld(): void {
    for (const [id, user] of this.#held) {
      if (this.#model.users.has(id)) expect(user.age).toBe(this.#model.users.get(id));
      else this.#held.delete(id);
    }
  }

  async #savepoint(): Promise<void> {
    const session = this.#db.orm.sessionOf(this.#tx.tx);
    const mark = await session.mark();
    const savepoint = this.#tx.tx.savepoint();
    const before = copyOf(this.#model);
    this.#savepoints.push(() => {
      savepoint.rollback();
      session.rollback(mark);
      restore(this.#model, before);
    });
  }
}

/** The id that a random number stands for; undefined when there is none. */
function chosen(ids: ReadonlyMap<number, unknown>, number: number): number | undefined {
  return [...ids.keys()][number % Math.max(1, ids.size)];
}

async function check(db: MemoryOrm, model: Model): Promise<void> {
  const byId = (a: unknown[], b: unknown[]): number => Number(a[0]) - Number(b[0]);
  expect(await db.rows('SELECT id, age FROM users ORDER BY id')).toEqual([...model.users].toSorted(byId));
  expect(await db.rows('SELECT id, author_id FROM posts ORDER BY id')).toEqual([...model.posts].toSorted(byId));
  const users = await db.repository(User).find({ orderBy: { id: 'asc' }, with: { posts: true } });
  const loaded = users.flatMap((user) => user.posts.toArray().map((post) => [post.id, user.id]));
  expect(loaded.toSorted(byId)).toEqual([...model.posts].toSorted(byId));
}

it('a session shows and stores what a model of plain maps does', async () => {
  await fc.assert(
    fc.asyncProperty(work, async (transactions) => {
      const db = await openMemoryOrm(ENTITIES);
      await db.repository(User).insert([1, 2, 3].map((age) => ({ email: `first ${age}`, age })));
      await db.repository(Post).insert([1, 1, 2].map((author) => ({ title: 'p', author })));
      const model: Model = {
        users: new Map([1, 2, 3].map((id) => [id, id])),
        posts: new Map([
          [1, 1],
          [2, 1],
          [3, 2],
        ]),
      };
      for (const { commands, fails } of transactions) {
        const before = copyOf(model);
        const done = db.transaction(async (tx) => {
          const run = new Run(db, model, tx);
          for (const step of commands) {
            await run.do(step);
            run.checkHeld();
          }
          if (fails) throw new RangeError('planned');
        });
        if (fails) {
          await expect(done).rejects.toThrow('planned');
          restore(model, before);
        }
        await done.catch((error: unknown) => expect(error).toBeInstanceOf(RangeError));
        await check(db, model);
      }
      await db.store.close();
    }),
    propertyOptions(100),
  );
});
