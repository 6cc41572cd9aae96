import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type Collection,
  defineEntity,
  type EntityClass,
  type EntityOf,
  type EntityTarget,
  type Insertable,
  type InsertOf,
  type Orm,
  type Repository,
} from '../../../src/orm/index.js';
import { EntityRegistry } from '../../../src/orm/registry/entity-registry.js';

const User = defineEntity({
  name: 'AppUser',
  columns: {
    id: { type: 'bigint', primaryKey: true, generated: 'increment' },
    email: { type: 'text', unique: true },
    age: { type: 'integer', nullable: true },
    role: { type: 'text', default: 'guest' },
    joined: { type: 'date', default: () => new Date(0) },
    avatar: { type: 'bytea', nullable: true },
    version: { role: 'version' },
    createdAt: { role: 'createdAt' },
    deletedAt: { role: 'deletedAt', name: 'gone' },
  },
  indexes: [{ properties: ['role', 'age'] }],
  hooks: {
    beforeInsert(user) {
      expectTypeOf(user.email).toEqualTypeOf<string>();
      user.email = user.email.toLowerCase();
    },
  },
});
const Note = defineEntity({
  name: 'Note',
  columns: { id: { type: 'uuid', primaryKey: true, generated: 'uuid' }, text: { type: 'text' } },
  relations: {
    owner: { kind: 'many-to-one', target: () => User },
    editor: { kind: 'many-to-one', target: () => User, nullable: true },
  },
});
type User = EntityOf<typeof User>;
type Note = EntityOf<typeof Note>;

describe('inferred types', () => {
  it('are those of the columns', () => {
    expectTypeOf<User>().toEqualTypeOf<{
      id: number | bigint;
      email: string;
      age: number | null;
      role: string;
      joined: Date;
      avatar: Uint8Array | null;
      version: number;
      createdAt: Date;
      deletedAt: Date | null;
    }>();
    expectTypeOf<Note>().toEqualTypeOf<{ id: string; text: string; owner: User; editor: User | null }>();
  });

  it('require exactly the columns without default in an insert', () => {
    expectTypeOf<{ email: string }>().toExtend<InsertOf<typeof User>>();
    expectTypeOf<{ email: string; age: null; role: string }>().toExtend<InsertOf<typeof User>>();
    expectTypeOf<{ age: number }>().not.toExtend<InsertOf<typeof User>>();
    expectTypeOf<{ text: string; owner: number }>().toExtend<InsertOf<typeof Note>>();
    expectTypeOf<{ text: string; owner: User; editor: null }>().toExtend<InsertOf<typeof Note>>();
    expectTypeOf<{ text: string }>().not.toExtend<InsertOf<typeof Note>>();
  });

  it('reach through repositories', () => {
    type Users = Repository<User, InsertOf<typeof User>>;
    expectTypeOf<Awaited<ReturnType<Users['findById']>>>().toEqualTypeOf<User | undefined>();
    expectTypeOf<Parameters<Users['update']>[1]>().toHaveProperty('email');
    expectTypeOf<keyof Parameters<Users['update']>[1]>().toEqualTypeOf<keyof User>();
  });

  it('name the members of collections', () => {
    const Shelf = defineEntity({
      name: 'Shelf',
      columns: { id: { type: 'integer', primaryKey: true } },
      relations: { notes: { kind: 'one-to-many', target: () => Note, inverse: 'shelf' } },
    });
    expectTypeOf<EntityOf<typeof Shelf>['notes']>().toEqualTypeOf<Collection<Note>>();
  });
});

describe('a defined entity', () => {
  it('is a class like any other', () => {
    expect(User.name).toBe('AppUser');
    expect(new User()).toBeInstanceOf(User);
    const user = new EntityRegistry([User, Note]).get(User);
    expect(user.table).toBe('app_user');
    expect(user.fields.map((field) => [field.column, field.type.name, field.nullable])).toEqual([
      ['id', 'bigint', false],
      ['email', 'text', false],
      ['age', 'integer', true],
      ['role', 'text', false],
      ['joined', 'date', false],
      ['avatar', 'bytea', true],
      ['version', 'integer', false],
      ['created_at', 'timestamptz', false],
      ['gone', 'timestamptz', true],
    ]);
    expect(user.indexes.map((index) => index.name)).toEqual(['app_user_email_key', 'app_user_role_age_idx']);
    expect(user.fields[3]).toMatchObject({ defaultValue: 'guest', defaultFactory: undefined });
  });

  it('calls its hooks with the entity', () => {
    const user = Object.assign(new User(), { email: 'ADA@X' }) as User & { beforeInsert(): void };
    user.beforeInsert();
    expect(user.email).toBe('ada@x');
  });
});

describe('a repository', () => {
  // Only its type is of interest here.
  type RepositoryOf = Orm['repository'];
  const repository = (() => undefined) as unknown as RepositoryOf;

  class Plain {
    id!: number;
    name!: string;
    check(): void {}
  }

  it('is typed by its class or definition', () => {
    const plain = repository(Plain);
    expectTypeOf(plain).toEqualTypeOf<Repository<Plain, Insertable<Plain>>>();
    const defined = repository(User);
    expectTypeOf(defined).toEqualTypeOf<Repository<User, InsertOf<typeof User>>>();
  });

  it('can be passed where only the entity type is known', () => {
    const generic = <T extends object>(entity: EntityTarget<T>): Repository<T> => repository(entity);
    expectTypeOf(generic(Plain)).toEqualTypeOf<Repository<Plain>>();
    expectTypeOf(generic(User)).toEqualTypeOf<Repository<User>>();
    expectTypeOf([Plain, User]).toExtend<EntityClass[]>();
  });
});
