import { beforeEach, describe, expect, it } from 'vitest';
import { Comment, ENTITIES, Post, User } from './blog-entities.js';
import { type MemoryOrm, openMemoryOrm, START_MS } from './memory-orm.js';

let db: MemoryOrm;

beforeEach(async () => {
  db = await openMemoryOrm(ENTITIES);
  await db.repository(User).insert({ email: 'ada' });
  await db.repository(Post).insert({ title: 'p', author: 1 });
  await db.repository(Comment).insert([
    { body: 'x', post: 1 },
    { body: 'y', post: 1 },
  ]);
  return async () => db.store.close();
});

const bodies = (comments: Comment[]): string =>
  comments
    .map(({ body }) => body)
    .sort()
    .join('');

describe('an entity with @DeletedAt', () => {
  it('is hidden by remove, and still there', async () => {
    const comments = db.repository(Comment);
    const x = (await comments.findOne({ body: 'x' }))!;
    db.clock.advance(1000);
    await comments.remove(x);
    expect(x).toMatchObject({ deletedAt: new Date(START_MS + 1000), updatedAt: new Date(START_MS + 1000) });
    expect(bodies(await comments.find())).toBe('y');
    expect(await comments.findById(x.id)).toBeUndefined();
    expect(await comments.findOne({ body: 'x' })).toBeUndefined();
    expect(await comments.count()).toBe(1);
    expect(await comments.exists({ body: 'x' })).toBe(false);
    const seen: string[] = [];
    for await (const { body } of comments.iterate()) seen.push(body);
    expect(seen).toEqual(['y']);
  });

  it('shows with withDeleted', async () => {
    const comments = db.repository(Comment);
    const x = (await comments.findOne({ body: 'x' }))!;
    await comments.remove(x);
    expect(bodies(await comments.find({ withDeleted: true }))).toBe('xy');
    expect(await comments.findById(x.id, { withDeleted: true })).toMatchObject({ body: 'x' });
    expect(await comments.findOne({ body: 'x' }, { withDeleted: true })).toMatchObject({ body: 'x' });
    expect(await comments.count({}, { withDeleted: true })).toBe(2);
    expect(await comments.exists({ body: 'x' }, { withDeleted: true })).toBe(true);
  });

  it('keeps the time of the first removal', async () => {
    const comments = db.repository(Comment);
    const x = (await comments.findOne({ body: 'x' }))!;
    await comments.remove(x);
    db.clock.advance(1000);
    await comments.remove((await comments.findById(x.id, { withDeleted: true }))!);
    expect((await comments.findById(x.id, { withDeleted: true }))!.deletedAt).toEqual(new Date(START_MS));
  });

  it('is left out of collections', async () => {
    await db.repository(Comment).delete({ body: 'x' });
    const posts = db.repository(Post);
    const visible = (await posts.findById(1, { with: { comments: true } }))!;
    expect(bodies(visible.comments.toArray())).toBe('y');
    const all = (await posts.findById(1, { with: { comments: true }, withDeleted: true }))!;
    expect(bodies(all.comments.toArray())).toBe('xy');
  });

  it('is not changed by update, and marked by delete(where) once', async () => {
    const comments = db.repository(Comment);
    expect(await comments.delete({ body: 'x' })).toBe(1);
    expect(await comments.delete({ body: 'x' })).toBe(0);
    expect(await comments.update({}, { body: 'z' })).toBe(1);
    expect(bodies(await comments.find({ withDeleted: true }))).toBe('xz');
  });

  it('is removed softly by a cascade from an owner that is removed for good', async () => {
    await db.repository(Post).remove((await db.repository(Post).findById(1))!);
    expect(await db.repository(Post).count()).toBe(0);
    expect(await db.repository(Comment).count({}, { withDeleted: true })).toBe(2);
    expect(await db.repository(Comment).count()).toBe(0);
  });

  it('comes back when the time is cleared', async () => {
    const comments = db.repository(Comment);
    const x = (await comments.findOne({ body: 'x' }))!;
    await comments.remove(x);
    x.deletedAt = null;
    await comments.save(x);
    expect(await comments.count()).toBe(2);
  });
});

describe('@CreatedAt and @UpdatedAt', () => {
  it('follow the clock of the environment', async () => {
    const comments = db.repository(Comment);
    db.clock.advance(5000);
    await db.transaction(async (tx) => {
      (await tx.repository(Comment).findOne({ body: 'x' }))!.body = 'changed';
    });
    expect(await comments.findOne({ body: 'changed' })).toMatchObject({
      createdAt: new Date(START_MS),
      updatedAt: new Date(START_MS + 5000),
    });
    db.clock.advance(5000);
    await comments.update({ body: 'y' }, { body: 'bulk' });
    expect(await comments.findOne({ body: 'bulk' })).toMatchObject({ updatedAt: new Date(START_MS + 10_000) });
  });

  it('give way to a value that is given', async () => {
    const createdAt = new Date(0);
    const comment = await db.repository(Comment).insert({ body: 'old', post: 1, createdAt });
    expect(comment).toMatchObject({ createdAt, updatedAt: new Date(START_MS) });
  });
});
