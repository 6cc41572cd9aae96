import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../../../src/base/index.js';
import {
  Collection,
  Column,
  type ColumnType,
  defineEntity,
  Entity,
  type EntityClass,
  Index,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Ref,
  Version,
} from '../../../src/orm/index.js';
import { EntityRegistry } from '../../../src/orm/registry/entity-registry.js';

@Entity()
class BlogPost {
  @PrimaryKey({ generated: 'increment' }) id!: number;
  @Column('text') longTitle!: string;
  @ManyToOne(
    () => Author,
    (author) => author.posts,
  )
  writtenBy!: Ref<Author>;
  @ManyToOne(() => Author, { nullable: true, columns: ['reviewer'], index: false }) reviewedBy!: Ref<Author> | null;
}

@Entity({ table: 'authors' })
class Author {
  @Column('text', { unique: true }) email!: string;
  @PrimaryKey({ generated: 'uuid' }) id!: string;
  @OneToMany(
    () => BlogPost,
    (post) => post.writtenBy,
    { cascade: ['persist', 'remove'] },
  )
  posts = new Collection<BlogPost>();
}

function problemsOf(...entities: EntityClass[]): string[] {
  try {
    return [`${[...new EntityRegistry(entities).entities].length} sound entities`];
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const problems = error.facts['problems'] as string[];
    for (const problem of problems) expect(error.message).toContain(problem);
    return problems;
  }
}

describe('a sound set of entities', () => {
  const registry = new EntityRegistry([BlogPost, Author, BlogPost]);

  it('gets names in snake_case unless they are given', () => {
    const post = registry.get(BlogPost);
    expect(post.table).toBe('blog_post');
    expect(post.fields.map((field) => field.column)).toEqual(['id', 'long_title', 'written_by_id', 'reviewer']);
    expect(registry.get(Author).table).toBe('authors');
  });

  it('has key fields first, and joining fields of the type of the key they hold', () => {
    const author = registry.get(Author);
    expect(author.fields.map((field) => field.property)).toEqual(['id', 'email']);
    expect(registry.get(BlogPost).fields.map((field) => field.type.name)).toEqual(['bigint', 'text', 'uuid', 'uuid']);
    expect(registry.get(BlogPost).fields.every((field, i) => field.position === i)).toBe(true);
  });

  it('links both sides of a relation', () => {
    const post = registry.get(BlogPost);
    const [posts] = registry.get(Author).collections;
    expect(posts!.target).toBe(post);
    expect(posts!.mappedBy).toBe(post.references[0]);
    expect(posts).toMatchObject({ cascadePersist: true, cascadeRemove: true });
    expect(post.references.map((reference) => reference.nullable)).toEqual([false, true]);
  });

  it('indexes unique columns and references', () => {
    expect(registry.get(Author).indexes).toEqual([{ name: 'authors_email_key', unique: true, columns: ['email'] }]);
    expect(registry.get(BlogPost).indexes).toEqual([
      { name: 'blog_post_written_by_id_idx', unique: false, columns: ['written_by_id'] },
    ]);
  });

  it('does not know other classes', () => {
    class Stranger {
      id = 1;
    }
    expect(() => registry.get(Stranger)).toThrow(/Stranger is not an entity of this database.*BlogPost, Author/);
  });

  it('joins a composite key by all its columns', () => {
    const Place = defineEntity({
      name: 'Place',
      columns: { row: { type: 'integer', primaryKey: true }, seat: { type: 'text', primaryKey: true } },
    });
    const Ticket = defineEntity({
      name: 'Ticket',
      columns: { id: { type: 'integer', primaryKey: true } },
      relations: { place: { kind: 'many-to-one', target: () => Place, unique: true } },
      indexes: [{ properties: ['place', 'id'] }],
    });
    const ticket = new EntityRegistry([Ticket, Place]).get(Ticket);
    expect(ticket.references[0]!.fields.map((field) => field.column)).toEqual(['place_row', 'place_seat']);
    expect(ticket.indexes).toEqual([
      { name: 'ticket_place_row_place_seat_key', unique: true, columns: ['place_row', 'place_seat'] },
      { name: 'ticket_place_row_place_seat_id_idx', unique: false, columns: ['place_row', 'place_seat', 'id'] },
    ]);
  });
});

describe('problems', () => {
  it('are all reported at once', () => {
    @Entity()
    class First {
      @Column('text') name!: string;
    }
    @Entity({ table: 'first' })
    class Second {
      @PrimaryKey({ generated: 'increment' }) id!: number;
      @ManyToOne(() => First) first!: First;
      @OneToMany(() => First, 'name') firsts!: Collection<First>;
    }
    expect(problemsOf(First, Second)).toEqual([
      'Second.firsts: its inverse must be a @ManyToOne of First to Second; found name, it has none',
      'First: it has no primary key; mark a property with @PrimaryKey()',
      'Second: its table first is also that of First',
    ]);
  });

  it.each<[string, EntityClass, RegExp]>([
    [
      'no @Entity',
      class Plain {
        id = 1;
      },
      /Plain: it has no @Entity/,
    ],
    [
      'an unsupported type',
      withColumn({ type: 'money' as ColumnType }),
      /Thing\.value: unsupported type "money"; types: /,
    ],
    ['a length where none belongs', withColumn({ type: 'text', length: 5 }), /a length is only for varchar/],
    ['an impossible length', withColumn({ type: 'varchar', length: 0 }), /Thing\.value: length of type varchar/],
    ['a default of the wrong type', withColumn({ type: 'integer', default: true }), /Thing\.value: /],
    ['a unique document', withColumn({ type: 'jsonb', unique: true }), /cannot be unique/],
    [
      'a property every object has',
      definition({ ['toString' as string]: { type: 'text' } }),
      /Thing\.toString: this name cannot be/,
    ],
    [
      'a generated key of text',
      definition({ key: { type: 'text', primaryKey: true, generated: 'increment' } }),
      /integer type/,
    ],
    [
      'a generated uuid in a number',
      definition({ key: { type: 'bigint', primaryKey: true, generated: 'uuid' } }),
      /uuid or text/,
    ],
    ['a nullable key', definition({ key: { type: 'text', primaryKey: true, nullable: true } }), /cannot be nullable/],
    ['a key that is a document', definition({ key: { type: 'jsonb', primaryKey: true } }), /cannot be of type jsonb/],
    ['two versions', definition({ a: { role: 'version' }, b: { role: 'version' } }), /already has a version column/],
    [
      'two properties of one column',
      definition({ a: { type: 'text', name: 'b' }, b: { type: 'text' } }),
      /column b is also/,
    ],
  ])('%s', (_, entity, problem) => {
    expect(problemsOf(entity).join('\n')).toMatch(problem);
  });

  it('of relations name what was found and what would fit', () => {
    @Entity()
    class Comment {
      @PrimaryKey({ generated: 'increment' }) id!: number;
      @ManyToOne(() => Unknown) unknown!: Ref<Unknown>;
      @ManyToOne(() => undefined as unknown as EntityClass) nothing!: unknown;
      @ManyToOne(() => Comment, { columns: ['a', 'b'] }) parent!: unknown;
      @ManyToOne(() => Comment, 'id' as never) other!: unknown;
      @ManyToOne(() => Comment, { nullable: true }) sibling!: unknown;
      @OneToMany(
        () => Comment,
        (comment) => (comment.sibling as { id: number }).id,
      )
      deep!: unknown;
    }
    class Unknown {
      id = 1;
    }
    expect(problemsOf(Comment)).toEqual([
      'Comment.unknown: its target Unknown is not among the entities of this database',
      'Comment.nothing: its target must be a function that returns an entity class; it returned undefined',
      'Comment.parent: names 2 columns, but the primary key of Comment has 1',
      'Comment.deep: its inverse must be a @ManyToOne of Comment to Comment; found undefined, it has other, sibling',
      'Comment.other: its inverse must be the @OneToMany of Comment that mirrors it; found id',
    ]);
  });

  it('of indexes and repeated properties', () => {
    @Entity()
    @Index(['missing', 'data'])
    @Index(['name'], { name: 'same' })
    @Index(['id'], { name: 'same' })
    class Indexed {
      @PrimaryKey({ generated: 'increment' }) id!: number;
      @Version() @Column('integer') twice!: number;
      @Column('json') data!: unknown;
      @Column('text') name!: string;
    }
    const problems = problemsOf(Indexed).join('\n');
    expect(problems).toMatch(/Indexed: @Index names missing, which is not a property/);
    expect(problems).toMatch(/Indexed\.data: a column of type json cannot be indexed/);
    expect(problems).toMatch(/Indexed: two indexes are named same/);
    expect(problems).toMatch(/Indexed\.twice: it is declared twice/);
  });
});

function definition(columns: Parameters<typeof defineEntity>[0]['columns']): EntityClass {
  return defineEntity({ name: 'Thing', columns: { id: { type: 'integer', primaryKey: true }, ...columns } });
}

function withColumn(value: Parameters<typeof defineEntity>[0]['columns'][string]): EntityClass {
  return definition({ value });
}
