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
import { InvalidArgumentError } from '../../../src/base/index.js';
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

describe('a name that a definition does not know', () => {
  const id = { type: 'integer', primaryKey: true } as const;

  it('does not compile', () => {
    expect(() =>
      defineEntity({
        name: 'Misspelt',
        columns: {
          id,
          // @ts-expect-error unique
          email: { type: 'text', uniqe: true },
          // @ts-expect-error nullable
          age: { type: 'integer', nulable: true, default: () => 3 },
          // @ts-expect-error columns with a role know their own nullability
          createdAt: { role: 'createdAt', nullable: true },
        },
        relations: {
          // @ts-expect-error cascade
          note: { kind: 'many-to-one', target: () => Note, cascad: ['persist'] },
          // @ts-expect-error collections have no columns
          notes: { kind: 'one-to-many', target: () => Note, inverse: 'shelf', unique: true },
        },
      }),
    ).toThrow(
      expect.objectContaining({
        message: [
          'Misspelt.email has no "uniqe"; it has type, name, nullable, unique, length, default, primaryKey, generated',
          'Misspelt.age has no "nulable"; it has type, name, nullable, unique, length, default, primaryKey, generated',
          'Misspelt.createdAt has no "nullable"; it has role, name',
          'Misspelt.note has no "cascad"; it has kind, target, inverse, nullable, unique, columns, index, cascade',
          'Misspelt.notes has no "unique"; it has kind, target, inverse, cascade',
        ].join('\n'),
      }),
    );
  });

  it.each<[string, object, RegExp]>([
    [
      'the definition',
      { name: 'X', columns: { id }, tabel: 'x' },
      /an entity definition has no "tabel"; it has name, table/,
    ],
    ['a column', { name: 'X', columns: { id: 'integer' } }, /X.id must be an object with type/],
    ['a role', { name: 'X', columns: { id, v: { role: 'versoin' } } }, /role of X.v must be one of version, createdAt/],
    [
      'a kind',
      { name: 'X', columns: { id }, relations: { r: { kind: 'manyToOne' } } },
      /kind of X.r must be one of many-to-one/,
    ],
    [
      'a target',
      { name: 'X', columns: { id }, relations: { r: { kind: 'many-to-one' } } },
      /target of X.r must be a function/,
    ],
    [
      'a cascade',
      {
        name: 'X',
        columns: { id },
        relations: { r: { kind: 'many-to-one', target: () => Note, cascade: ['remove'] } },
      },
      /cascade of X.r must be one of persist; found "remove"/,
    ],
    ['an index', { name: 'X', columns: { id }, indexes: [{ columns: ['id'] }] }, /index 0 of X has no "columns"/],
    [
      'a hook',
      { name: 'X', columns: { id }, hooks: { beforeSave: () => undefined } },
      /hooks of X has no "beforeSave"/,
    ],
    ['columns', { name: 'X' }, /columns of X must be an object/],
    ['a name', { columns: { id } }, /needs a name/],
  ])('is refused at run time in %s', (_, definition, message) => {
    expect(() => defineEntity(definition as never)).toThrow(InvalidArgumentError);
    expect(() => defineEntity(definition as never)).toThrow(message);
  });

  it('is refused in generated, when the database opens', () => {
    const Wrong = defineEntity({
      name: 'Wrong',
      columns: { id: { ...id, generated: 'autoincrement' as 'increment' } },
    });
    expect(() => new EntityRegistry([Wrong])).toThrow(/Wrong.id: generated must be 'increment' or 'uuid'/);
  });
});

describe('a defined entity', () => {
  it('has empty collections when it is new', () => {
    const Shelf = defineEntity({
      name: 'Shelf',
      columns: { id: { type: 'integer', primaryKey: true } },
      relations: { notes: { kind: 'one-to-many', target: () => Note, inverse: 'shelf' } },
    });
    const shelf = new Shelf();
    shelf.notes.add(Object.assign(new Note(), { text: 'x' }));
    expect(shelf.notes.length).toBe(1);
    expect(new Shelf().notes.toArray()).toEqual([]);
  });

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
