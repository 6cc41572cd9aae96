import { beforeEach, describe, expect, it } from 'vitest';
import { ConflictError, ConstraintError, InvalidArgumentError, TransactionClosedError } from '../../src/base/index.js';
import { gte } from '../../src/orm/index.js';
import { Account, ENTITIES, Folder, Post, User } from './blog-entities.js';
import { type MemoryOrm, openMemoryOrm } from './memory-orm.js';

let db: MemoryOrm;

beforeEach(async () => {
  db = await openMemoryOrm(ENTITIES);
  await db.repository(User).insert([
    { email: 'ada', age: 36, settings: { tags: ['a'] } },
    { email: 'bob', age: 20 },
  ]);
  return async () => db.store.close();
});

const named = (name: string): Folder => Object.assign(new Folder(), { name });

describe('identity', () => {
  it('is one instance per row, however it is found', async () => {
    await db.transaction(async (tx) => {
      const users = tx.repository(User);
      const ada = await users.findById(1);
      expect(await users.findOne({ email: 'ada' })).toBe(ada);
      expect((await users.find())[0]).toBe(ada);
      const post = await tx.repository(Post).insert({ title: 'x', author: 1 });
      expect(post.author).toBe(ada);
    });
  });

  it('makes a reference the entity once it is loaded', async () => {
    await db.repository(Post).insert({ title: 'x', author: 1 });
    await db.transaction(async (tx) => {
      const post = (await tx.repository(Post).findById(1))!;
      expect(() => post.author.email).toThrow(/User.email is not loaded/);
      expect(await tx.repository(User).findById(1)).toBe(post.author);
      expect(post.author.email).toBe('ada');
    });
  });

  it('removes a row through any instance of it', async () => {
    const detached = (await db.repository(User).findById(1))!;
    await db.transaction(async (tx) => {
      const users = tx.repository(User);
      const ada = (await users.findById(1))!;
      await users.remove(detached);
      ada.age = 1;
    });
    expect(await db.rows('SELECT email FROM users')).toEqual([['bob']]);
  });

  it('refuses a second instance of the same row', async () => {
    const detached = (await db.repository(User).findById(1))!;
    await db.transaction(async (tx) => {
      const users = tx.repository(User);
      await users.findById(1);
      await expect(users.save(detached)).rejects.toThrow(/User 1 is part of this transaction already/);
    });
  });
});

describe('changes', () => {
  it('are written before the commit, and only what changed', async () => {
    await db.transaction(async (tx) => {
      const [ada, bob] = await tx.repository(User).find({ orderBy: { id: 'asc' } });
      ada!.age = 37;
      bob!.email = 'robert';
    });
    expect(await db.rows('SELECT email, age FROM users ORDER BY id')).toEqual([
      ['ada', 37],
      ['robert', 20],
    ]);
  });

  it('write nothing when nothing changed', async () => {
    const before = db.store.lastTimestamp;
    await db.transaction(async (tx) => {
      const ada = (await tx.repository(User).findById(1))!;
      ada.age = 36;
      ada.settings = { tags: ['a'] };
    });
    expect(db.store.lastTimestamp).toBe(before);
  });

  it('inside documents and dates count', async () => {
    await db.transaction(async (tx) => {
      (await tx.repository(User).findById(1))!.settings!.tags!.push('b');
    });
    expect((await db.repository(User).findById(1))!.settings).toEqual({ tags: ['a', 'b'] });
  });

  it('are seen by the queries of the same transaction', async () => {
    await db.transaction(async (tx) => {
      const users = tx.repository(User);
      (await users.findById(2))!.age = 99;
      expect(await users.count({ age: gte(90) })).toBe(1);
      expect(await users.find({ where: { age: 99 } })).toMatchObject([{ email: 'bob' }]);
    });
  });

  it('are gone when the transaction rolls back', async () => {
    const failed = db.transaction(async (tx) => {
      (await tx.repository(User).findById(1))!.age = 1;
      await tx.repository(User).insert({ email: 'eve' });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await db.repository(User).find({ orderBy: { id: 'asc' } })).toMatchObject([{ age: 36 }, { age: 20 }]);
  });

  it('never reach the primary key', async () => {
    const changed = db.transaction(async (tx) => {
      (await tx.repository(User).findById(1))!.id = 7;
    });
    await expect(changed).rejects.toThrow(/the primary key of User 1 was changed/);
  });

  it('that break a constraint fail the commit as a whole', async () => {
    const changed = db.transaction(async (tx) => {
      const [ada, bob] = await tx.repository(User).find({ orderBy: { id: 'asc' } });
      ada!.age = 1;
      bob!.email = 'ada';
    });
    await expect(changed).rejects.toThrow(ConstraintError);
    expect(await db.repository(User).findById(1)).toMatchObject({ age: 36 });
  });

  it('clear a column with null and with undefined alike', async () => {
    await db.transaction(async (tx) => {
      const [ada, bob] = await tx.repository(User).find({ orderBy: { id: 'asc' } });
      ada!.age = null;
      delete (bob as Partial<User>).age;
    });
    expect(await db.repository(User).count({ age: null })).toBe(2);
  });

  it('on an untouched reference stay unread; set properties are written', async () => {
    await db.repository(Post).insert([{ title: 'x', author: 1 }]);
    await db.transaction(async (tx) => {
      const post = (await tx.repository(Post).findById(1))!;
      post.author.age = 40;
    });
    expect(await db.repository(User).findById(1)).toMatchObject({ email: 'ada', age: 40, settings: { tags: ['a'] } });
  });
});

describe('mixed with SQL in the same transaction', () => {
  it('brings clean entities up to date and keeps what the program changed', async () => {
    await db.transaction(async (tx) => {
      const users = tx.repository(User);
      const ada = (await users.findById(1))!;
      ada.email = 'countess';
      await db.sql.run("UPDATE users SET age = 50, city = 'Rome' WHERE id = 1", [], tx.tx);
      expect(await users.findById(1)).toBe(ada);
      expect(ada).toMatchObject({ email: 'countess', age: 50, city: 'Rome' });
    });
    expect(await db.rows('SELECT email, age, city FROM users WHERE id = 1')).toEqual([['countess', 50, 'Rome']]);
  });

  it('does not write back what SQL changed', async () => {
    await db.transaction(async (tx) => {
      const ada = (await tx.repository(User).findById(1))!;
      await db.sql.run('UPDATE users SET age = 50 WHERE id = 1', [], tx.tx);
      ada.email = 'countess';
    });
    expect(await db.rows('SELECT email, age FROM users WHERE id = 1')).toEqual([['countess', 50]]);
  });

  it('reports a changed entity whose row is gone', async () => {
    const changed = db.transaction(async (tx) => {
      const ada = (await tx.repository(User).findById(1))!;
      await db.sql.run('DELETE FROM users WHERE id = 1', [], tx.tx);
      expect(await tx.repository(User).find({ where: { id: 1 } })).toEqual([]);
      ada.age = 1;
    });
    await expect(changed).rejects.toThrow(ConflictError);
    await expect(changed).rejects.toThrow(/User 1 was removed since it was loaded/);
  });

  it('refreshes known entities after update(where), and forgets them after delete(where)', async () => {
    await db.transaction(async (tx) => {
      const users = tx.repository(User);
      const [ada, bob] = await users.find({ orderBy: { id: 'asc' } });
      ada!.city = 'Oslo';
      expect(await users.update({ city: 'Oslo' }, { age: 1 })).toBe(1);
      expect(ada!.age).toBe(1);
      expect(await users.delete({ email: 'bob' })).toBe(1);
      bob!.age = 5;
      expect(await users.findById(2)).toBeUndefined();
    });
    expect(await db.rows('SELECT id, age, city FROM users')).toEqual([[1, 1, 'Oslo']]);
  });
});

describe('the order of inserts', () => {
  it('puts targets of references first, whatever order they are saved in', async () => {
    await db.transaction(async (tx) => {
      const user = Object.assign(new User(), { email: 'new' });
      const post = Object.assign(new Post(), { title: 't', editor: user });
      post.author = user;
      await tx.repository(Post).save(post);
      expect([user.id, post.id]).toEqual([3, 1]);
    });
    expect(await db.rows('SELECT author_id, editor_id FROM posts')).toEqual([[3, 3]]);
  });

  it('follows references between instances of one entity', async () => {
    const [leaf, middle, root] = [named('leaf'), named('middle'), named('root')];
    leaf.parent = middle;
    middle.parent = root;
    await db.repository(Folder).save([leaf, middle, root]);
    expect(await db.rows('SELECT name, parent_id FROM folder ORDER BY id')).toEqual([
      ['root', null],
      ['middle', 1],
      ['leaf', 2],
    ]);
  });

  it('closes a circle through a nullable reference afterwards', async () => {
    const [a, b] = [named('a'), named('b')];
    a.parent = b;
    b.parent = a;
    const self = named('self');
    self.parent = self;
    await db.repository(Folder).save([a, b, self]);
    const rows = await db.rows(
      'SELECT f.name, p.name FROM folder f JOIN folder p ON f.parent_id = p.id ORDER BY f.name',
    );
    expect(rows).toEqual([
      ['a', 'b'],
      ['b', 'a'],
      ['self', 'self'],
    ]);
  });

  it('needs a target that is saved or cascaded to', async () => {
    const post = Object.assign(new Post(), { title: 't', author: Object.assign(new User(), { email: 'new' }) });
    await expect(db.repository(Post).save(post)).rejects.toThrow(/Post\.author refers to a new User that is not saved/);
    expect(await db.repository(User).count()).toBe(2);
  });
});

describe('flush', () => {
  it('writes now, and a failed one takes its writes and marks back', async () => {
    await db.transaction(async (tx) => {
      const users = tx.repository(User);
      const [ada, bob] = await users.find({ orderBy: { id: 'asc' } });
      ada!.age = 1;
      await users.flush();
      expect(await tx.rows('SELECT age FROM users WHERE id = 1')).toEqual([[1]]);
      ada!.age = 2;
      bob!.email = 'ada';
      await expect(users.flush()).rejects.toThrow(ConstraintError);
      expect(await tx.rows('SELECT age FROM users WHERE id = 1')).toEqual([[1]]);
      bob!.email = 'robert';
    });
    expect(await db.rows('SELECT email, age FROM users ORDER BY id')).toEqual([
      ['ada', 2],
      ['robert', 20],
    ]);
  });

  it('leaves instances of a failed insert as they were', async () => {
    await db.transaction(async (tx) => {
      const users = tx.repository(User);
      const [good, bad] = [Object.assign(new User(), { email: 'new' }), Object.assign(new User(), { email: 'ada' })];
      await expect(users.save([good, bad])).rejects.toThrow(ConstraintError);
      expect([good.id, good.city, bad.id]).toEqual([undefined, undefined, undefined]);
      bad.email = 'other';
      await users.save([good, bad]);
    });
    expect(await db.repository(User).count()).toBe(4);
  });
});

describe('a save that fails', () => {
  it('leaves a detached instance out of the transaction', async () => {
    const detached = (await db.repository(User).findById(2))!;
    detached.email = 'ada';
    await db.transaction(async (tx) => {
      const users = tx.repository(User);
      await expect(users.save(detached)).rejects.toThrow(ConstraintError);
      await users.update({ id: 1 }, { age: 1 });
    });
    expect(await db.rows('SELECT email, age FROM users ORDER BY id')).toEqual([
      ['ada', 1],
      ['bob', 20],
    ]);
  });
});

describe('concurrent calls in one transaction', () => {
  it('do each thing once', async () => {
    await db.transaction(async (tx) => {
      const users = tx.repository(User);
      const [eve, fay] = ['eve', 'fay'].map((email) => Object.assign(new User(), { email }));
      const ada = (await users.findById(1))!;
      ada.age = 1;
      await Promise.all([
        users.save(eve!),
        users.save([fay!, eve!]),
        users.flush(),
        users.find(),
        users.insert({ email: 'gus' }),
        users.remove(ada),
        users.remove(ada),
      ]);
    });
    expect((await db.rows('SELECT email FROM users ORDER BY email')).flat()).toEqual(['bob', 'eve', 'fay', 'gus']);
  });
});

describe('concurrent transactions', () => {
  it('never lose an update made on entities', async () => {
    const increment = async (): Promise<void> =>
      db.transaction(async (tx) => {
        const ada = (await tx.repository(User).findOne({ email: 'ada' }))!;
        await Promise.resolve();
        ada.age! += 1;
      });
    await Promise.all(Array.from({ length: 8 }, increment));
    expect(await db.repository(User).findById(1)).toMatchObject({ age: 44 });
  });
});

describe('after the end', () => {
  it('nothing can be read or written through the transaction', async () => {
    const users = await db.transaction(async (tx) => tx.repository(User));
    await expect(users.findById(1)).rejects.toThrow(TransactionClosedError);
    await expect(users.insert({ email: 'x' })).rejects.toThrow(TransactionClosedError);
    await expect(users.find()).rejects.toThrow(TransactionClosedError);
  });

  it('instances of a transaction that lost can be saved again', async () => {
    const user = Object.assign(new User(), { email: 'eve' });
    const account = Object.assign(new Account(), { iban: 'x' });
    let attempts = 0;
    await db.transaction(async (tx) => {
      attempts++;
      expect([user.id, user.city, account.version]).toEqual([undefined, undefined, undefined]);
      await tx.repository(User).save(user);
      account.balance = 0;
      await tx.repository(Account).save(account);
      account.balance = 10;
      await tx.repository(Account).flush();
      expect(account.version).toBe(2);
      if (attempts === 1) throw new ConflictError('lost');
    });
    expect(attempts).toBe(2);
    expect(await db.repository(User).findById(user.id)).toMatchObject({ email: 'eve' });
    expect(await db.repository(Account).findById('x')).toMatchObject({ balance: 10, version: 2 });
  });
});

describe('versions', () => {
  it('count updates', async () => {
    const accounts = db.repository(Account);
    const account = await accounts.insert({ iban: 'x' });
    expect(account).toMatchObject({ version: 1, balance: 0 });
    account.balance = 5;
    await accounts.save(account);
    expect(account.version).toBe(2);
    await accounts.save(account);
    expect(await accounts.findById('x')).toMatchObject({ version: 2, balance: 5 });
  });

  it('stop the second of two writers, and its remove', async () => {
    const accounts = db.repository(Account);
    await accounts.insert({ iban: 'x' });
    const [first, second] = [(await accounts.findById('x'))!, (await accounts.findById('x'))!];
    first.balance = 1;
    second.balance = 2;
    await accounts.save(first);
    const lost = accounts.save(second);
    await expect(lost).rejects.toThrow(ConflictError);
    await expect(lost).rejects.toMatchObject({ retryable: false, facts: { entity: 'Account', expected: 1, found: 2 } });
    await expect(accounts.remove(second)).rejects.toThrow(/Account x was changed since it was loaded/);
    await accounts.remove(first);
    await expect(accounts.save(first)).rejects.toThrow(/Account x was removed since it was loaded/);
    await expect(accounts.remove(first)).rejects.toThrow(ConflictError);
    expect(await accounts.count()).toBe(0);
  });

  it('are needed to write over a versioned row', async () => {
    await db.repository(Account).insert({ iban: 'x' });
    const blind = Object.assign(new Account(), { iban: 'x', balance: 9 });
    await expect(db.repository(Account).save(blind)).rejects.toThrow(ConflictError);
    blind.version = 1;
    await db.repository(Account).save(blind);
    expect(await db.repository(Account).findById('x')).toMatchObject({ balance: 9, version: 2 });
  });

  it('set by hand state what the program expects', async () => {
    await db.repository(Account).insert({ iban: 'x' });
    const stale = db.transaction(async (tx) => {
      const account = (await tx.repository(Account).findById('x'))!;
      Object.assign(account, { version: 7, balance: 3 });
    });
    await expect(stale).rejects.toThrow(/Account.version is 1, not 7/);
  });
});

describe('savepoints', () => {
  it('take entities back to what is stored', async () => {
    await db.transaction(async (tx) => {
      const users = tx.repository(User);
      const ada = (await users.findById(1))!;
      ada.age = 40;
      const session = db.orm.sessionOf(tx.tx);
      const mark = await session.mark();
      const savepoint = tx.tx.savepoint();
      ada.age = 50;
      const eve = await users.insert(Object.assign(new User(), { email: 'eve' }));
      const bob = (await users.findById(2))!;
      await users.remove(bob);
      await users.flush();
      ada.age = 60;
      savepoint.rollback();
      session.rollback(mark);
      expect(ada.age).toBe(40);
      expect(eve.id).toBeUndefined();
      expect(await users.find({ orderBy: { id: 'asc' } })).toMatchObject([{ age: 40 }, { email: 'bob' }]);
      ada.city = 'Oslo';
      bob.city = 'Rome';
    });
    expect(await db.rows('SELECT email, age, city FROM users ORDER BY id')).toEqual([
      ['ada', 40, 'Oslo'],
      ['bob', 20, 'Rome'],
    ]);
  });
});

describe('repositories that only read', () => {
  it('refuse to write', async () => {
    const snapshot = db.store.snapshot();
    const users = db.orm.repository(User, snapshot);
    const ada = (await users.findById(1))!;
    for (const write of [
      users.insert({ email: 'x' }),
      users.save(ada),
      users.remove(ada),
      users.update({}, { age: 1 }),
      users.delete({}),
    ]) {
      await expect(write).rejects.toThrow(InvalidArgumentError);
    }
    await db.repository(User).delete({});
    expect(await users.find()).toHaveLength(2);
    expect(await users.count({ age: gte(30) })).toBe(1);
    snapshot.close();
    await expect(users.find()).rejects.toThrow(TransactionClosedError);
  });

  it('include read-only transactions', async () => {
    const tx = db.store.begin({ readOnly: true });
    const users = db.orm.repository(User, tx);
    const ada = (await users.findById(1))!;
    ada.age = 1;
    await expect(users.insert({ email: 'x' })).rejects.toThrow(/read-only transaction does not write/);
    expect(await users.count({ age: 1 })).toBe(0);
    await tx.commit();
    expect(await db.repository(User).findById(1)).toMatchObject({ age: 36 });
  });
});

it('commits synchronously when no hook has to be waited for', () => {
  const session = db.store.transactionSync((tx) => {
    db.sql.runSync('UPDATE users SET age = 90 WHERE id = 1', [], tx);
    return db.orm.sessionOf(tx);
  });
  expect(session).toBeDefined();
  expect(db.sql.runSync('SELECT age FROM users WHERE id = 1')).toEqual([{ age: 90 }]);
});
