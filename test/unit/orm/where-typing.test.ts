import { expectTypeOf, it } from 'vitest';
import { Collection } from '../../../src/orm/collection.js';
import { and, between, gte, isNull, like, lt, ne, not, oneOf, or } from '../../../src/orm/query/conditions.js';
import type { DataProperty, FindOptions, With } from '../../../src/orm/query/where.js';

class Post {
  id!: number;
  title!: string;
  author!: User;
}

class User {
  id!: number;
  email!: string;
  age?: number;
  score!: number | null;
  role!: 'admin' | 'guest';
  born!: Date;
  avatar!: Uint8Array;
  settings!: { theme: string };
  posts = new Collection<Post>();
  boss!: User | null;
  greet(): string {
    return this.email;
  }
}

type Query = FindOptions<User>;

it('accepts conditions that fit the properties', () => {
  const queries: Query[] = [
    { where: { age: gte(18), email: 'a', role: oneOf(['admin', 'guest']), score: isNull() } },
    { where: { role: 'admin', boss: null, score: null, avatar: new Uint8Array() } },
    { where: { age: or(lt(10), between(20, 30)), email: like('a%'), role: ne('guest') } },
    { where: { age: not(gte(18)), score: ne(null), born: and(gte(new Date(0)), lt(new Date(1))) } },
    { where: or({ age: gte(18) }, and({ email: 'a' }, not({ role: 'admin' }))) },
    { where: not({ age: 5 }) },
    {
      where: { boss: 5 },
      orderBy: { age: 'desc', email: 'asc' },
      limit: 3,
      with: { posts: { author: true }, boss: true },
    },
    { where: { boss: oneOf([new User(), 3]) }, orderBy: [{ age: 'desc' }, { id: 'asc' }] },
  ];
  expectTypeOf(queries).toEqualTypeOf<Query[]>();
});

it('refuses conditions that do not', () => {
  // @ts-expect-error a string column compared with a number
  const a: Query = { where: { email: gte(5) } };
  // @ts-expect-error not a member of the union
  const b: Query = { where: { role: 'root' } };
  // @ts-expect-error not a property
  const c: Query = { where: { mail: 'x' } };
  // @ts-expect-error methods are not data
  const d: Query = { where: { greet: 'x' } };
  // @ts-expect-error collections are not columns
  const e: Query = { where: { posts: 5 } };
  // @ts-expect-error nested in or()
  const f: Query = { where: or({ age: gte('x') }, { email: 'a' }) };
  // @ts-expect-error like is for text
  const g: Query = { where: { age: like('1%') } };
  // @ts-expect-error no such direction
  const h: Query = { orderBy: { age: 'up' } };
  // @ts-expect-error not a relation
  const i: Query = { with: { email: true } };
  // @ts-expect-error undefined would match everything
  const j: Query = { where: { email: undefined } };
  expectTypeOf([a, b, c, d, e, f, g, h, i, j]).toExtend<Query[]>();
});

it('knows data properties and relations', () => {
  expectTypeOf<DataProperty<Post>>().toEqualTypeOf<'id' | 'title' | 'author'>();
  expectTypeOf<keyof With<Post>>().toEqualTypeOf<'author'>();
  expectTypeOf<keyof With<User>>().toEqualTypeOf<'posts' | 'boss' | 'settings'>();
});
