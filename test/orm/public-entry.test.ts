import { expect, it } from 'vitest';
import {
  type Collection,
  Column,
  CreatedAt,
  DeletedAt,
  Entity,
  Index,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  UpdatedAt,
  Version,
  BeforeInsert,
  gte,
  oneOf,
  open,
  defineEntity,
} from 'varve';
@Entity({ table: 'users' })
class User {
  @PrimaryKey({ generated: 'increment' }) id!: number;
  @Column('text', { unique: true }) email!: string;
  @Column('integer', { nullable: true }) age?: number;
  @Index() @Column('text') city!: string;
  @OneToMany(
    () => Post,
    (post) => post.author,
    { cascade: ['persist', 'remove'] },
  )
  posts!: Collection<Post>;
  @Version() version!: number;
  @CreatedAt() createdAt!: Date;
  @UpdatedAt() updatedAt!: Date;
  @DeletedAt() deletedAt?: Date;
  @BeforeInsert() normalise() {
    this.email = this.email.toLowerCase();
  }
}
@Entity()
class Post {
  @PrimaryKey({ generated: 'uuid' }) id!: string;
  @Column('text') title!: string;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: User;
}
const Tag = defineEntity({ name: 'Tag', columns: { name: { type: 'text', primaryKey: true } } });
it('entities work through the public entry', async () => {
  await using db = await open(':memory:', { entities: [User, Post, Tag] });
  const users = db.repository(User);
  await users.insert({ email: 'ADA@x', city: 'Paris', age: 36 });
  await db.repository(Tag).insert({ name: 'x' });
  expect(await users.findById(1)).toMatchObject({ email: 'ada@x' });
  expect(await users.findOne({ email: 'ada@x' })).toMatchObject({ id: 1 });
  const found = await users.find({
    where: { age: gte(18), city: oneOf(['Paris', 'Rome']) },
    orderBy: { age: 'desc' },
    limit: 10,
    with: { posts: true },
  });
  expect(found[0]!.posts.length).toBe(0);
  await db.transaction(async (tx) => {
    const u = (await tx.repository(User).findById(1))!;
    u.age = 37;
    await tx
      .savepoint(async () => {
        u.age = 99;
        throw new Error('x');
      })
      .catch(() => undefined);
    expect(u.age).toBe(37);
    await u.posts.load();
    u.posts.add(Object.assign(new Post(), { title: 't' }));
  });
  expect(await db.sql`SELECT age, version FROM users`).toEqual([{ age: 37, version: 2 }]);
  expect(await db.repository(Post).count({ author: 1 })).toBe(1);
  using snap = db.snapshot();
  await users.delete({});
  expect(await snap.repository(User).count()).toBe(1);
  expect(await users.count()).toBe(0);
});
