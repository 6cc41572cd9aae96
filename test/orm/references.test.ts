/** References to rows that were not read, and to rows that are not there. */

import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { ConflictError, InvalidArgumentError } from '../../src/base/index.js';
import { Column, Entity, isLoaded, PrimaryKey } from '../../src/orm/index.js';
import { Account, ENTITIES, Folder, Post, Seat, User } from './blog-entities.js';
import { type MemoryOrm, openMemoryOrm } from './memory-orm.js';

let db: MemoryOrm;

beforeEach(async () => {
  db = await openMemoryOrm(ENTITIES);
  await db.repository(User).insert([{ email: 'ada' }, { email: 'bob' }]);
  await db.repository(Post).insert({ title: 'p', author: 1, editor: 2 });
  return async () => db.store.close();
});

const thePost = async (): Promise<Post> => (await db.repository(Post).findById(1))!;

describe('a reference that was not loaded', () => {
  it('has its key, and throws when anything else is read', async () => {
    const { author } = await thePost();
    expect(author.id).toBe(1);
    expect(author).toBeInstanceOf(User);
    expect(() => author.email).toThrow(InvalidArgumentError);
    expect(() => author.email).toThrow(
      'User.email is not loaded: User 1 is only referred to; load the relation with { with: … }, or find it by its key',
    );
    const folder = db.repository(Folder).reference(5);
    expect(() => folder.parent).toThrow(/^Folder.parent is not loaded: Folder 5/);
    const seat = db.repository(Seat).reference({ row: 1, place: 'a' });
    expect([seat.row, seat.place]).toEqual([1, 'a']);
    expect(() => seat.taken).toThrow(/Seat \(1, a\) is only referred to/);
  });

  it('shows its key alone in JSON, copies and inspection', async () => {
    const { author } = await thePost();
    expect(JSON.stringify(await thePost())).toBe('{"id":1,"title":"p","author":{"id":1},"editor":{"id":2}}');
    expect(Object.keys({ ...author })).toEqual(['id', 'posts']);
    expect(inspect(author)).toMatch(/^User \{\s+id: 1,\s+posts: Collection \{\}\s+\}$/);
  });

  it('is an ordinary entity once it is loaded', async () => {
    await db.transaction(async (tx) => {
      const { author } = (await tx.repository(Post).findById(1))!;
      await tx.repository(User).findById(1);
      expect(isLoaded(author)).toBe(true);
      expect(Object.keys(author)).toEqual(Object.keys(await tx.repository(User).insert({ email: 'cyd' })));
      expect(author).toMatchObject({ id: 1, email: 'ada', age: null, city: 'Paris' });
      author.email = 'lovelace';
    });
    expect(await db.rows('SELECT email FROM users WHERE id = 1')).toEqual([['lovelace']]);
  });

  it('is not written when nobody touched it, and only where it was', async () => {
    await db.transaction(async (tx) => {
      const post = (await tx.repository(Post).findById(1))!;
      post.author.email = 'set blindly';
      expect(post.author.email).toBe('set blindly');
      expect(() => post.author.city).toThrow(/not loaded/);
    });
    expect(await db.rows('SELECT email, city FROM users ORDER BY id')).toEqual([
      ['set blindly', 'Paris'],
      ['bob', 'Paris'],
    ]);
  });

  it('can be saved by another transaction, which reads what was not set', async () => {
    const { author } = await thePost();
    author.city = 'London';
    await db.repository(User).save(author);
    expect(author).toMatchObject({ id: 1, email: 'ada', city: 'London' });
    expect(await db.rows('SELECT email, city FROM users WHERE id = 1')).toEqual([['ada', 'London']]);
  });

  it('is hidden again after a savepoint that it was set in', async () => {
    await db.transaction(async ({ tx, repository }) => {
      const { author } = (await repository(Post).findById(1))!;
      const session = db.orm.sessionOf(tx);
      const mark = await session.mark();
      const savepoint = tx.savepoint();
      author.email = 'passing';
      savepoint.rollback();
      session.rollback(mark);
      expect(() => author.email).toThrow(/not loaded/);
    });
    expect(await db.rows('SELECT email FROM users WHERE id = 1')).toEqual([['ada']]);
  });

  it('can be removed without having been read', async () => {
    const { author } = await thePost();
    await db.repository(User).remove(author);
    expect(await db.repository(User).count()).toBe(1);
    await db.repository(Account).insert({ iban: 'x' });
    const account = db.repository(Account).reference('x');
    await expect(db.repository(Account).remove(account)).rejects.toThrow(ConflictError);
  });

  it('is not inserted as if it were new', async () => {
    const { author } = await thePost();
    await expect(db.repository(User).insert(author)).rejects.toThrow(/stands for a row which was not read/);
    const missing = db.repository(User).reference(99);
    missing.email = 'nobody';
    await expect(db.repository(User).save(missing)).rejects.toThrow(ConflictError);
  });

  it('leaves accessors of the class alone', async () => {
    @Entity()
    class Tag {
      @PrimaryKey('integer') id!: number;
      #text = '';
      @Column('text')
      get text(): string {
        return this.#text;
      }
      set text(value: string) {
        this.#text = value.toLowerCase();
      }
    }
    const tags = await openMemoryOrm([Tag], db.store);
    await tags.repository(Tag).insert({ id: 1, text: 'New' });
    await tags.transaction(async (tx) => {
      const tag = tx.repository(Tag).reference(1);
      expect(() => tag.text).toThrow(/Tag.text is not loaded/);
      await tx.repository(Tag).findById(1);
      expect(tag.text).toBe('new');
      tag.text = 'OLD';
    });
    expect(await tags.rows('SELECT text FROM tag')).toEqual([['old']]);
  });
});

describe('a reference whose row is gone', () => {
  it('says so when it was asked for', async () => {
    await db.rows('DELETE FROM users WHERE id = 1');
    const post = (await db.repository(Post).findById(1, { with: { author: true } }))!;
    expect(isLoaded(post.author)).toBe(false);
    expect(post.author.id).toBe(1);
    expect(() => post.author.email).toThrow(
      'User.email cannot be read: there is no User 1; what refers to it refers to nothing',
    );
  });

  it('is loaded when the row comes back', async () => {
    await db.rows('DELETE FROM users WHERE id = 1');
    await db.transaction(async (tx) => {
      const { author } = (await tx.repository(Post).findById(1, { with: { author: true } }))!;
      await tx.rows("INSERT INTO users (id, email, city) VALUES (1, 'again', 'Rome')");
      await tx.repository(User).find();
      expect(author.email).toBe('again');
    });
  });
});

describe('a loaded instance in a relation', () => {
  it('stays there through insert and save', async () => {
    const ada = (await db.repository(User).findById(1))!;
    expect((await db.repository(Folder).insert({ name: 'root' })).parent).toBeNull();
    const root = (await db.repository(Folder).findOne({ name: 'root' }))!;
    const [a, b] = await db.repository(Folder).insert([
      { name: 'a', parent: root },
      { name: 'b', parent: root },
    ]);
    expect([a!.parent, b!.parent]).toEqual([root, root]);
    expect(a!.parent).toBe(root);
    expect(a!.parent!.name).toBe('root');

    const inserted = await db.repository(Post).insert({ title: 'q', author: ada });
    expect(inserted.author).toBe(ada);
    inserted.editor = ada;
    await db.repository(Post).save(inserted);
    expect(inserted.editor).toBe(ada);
  });

  it('stays there when the row is read again', async () => {
    const ada = (await db.repository(User).findById(1))!;
    await db.transaction(async (tx) => {
      const post = (await tx.repository(Post).findById(1))!;
      post.author = ada;
      await tx.repository(Post).update({ id: 1 }, { title: 'renamed' });
      expect(post.title).toBe('renamed');
      expect(post.author).toBe(ada);
    });
  });
});
