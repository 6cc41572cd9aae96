import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../../../src/base/index.js';
import {
  BeforeInsert,
  Column,
  type Collection,
  CreatedAt,
  DeletedAt,
  Entity,
  Index,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Ref,
  UpdatedAt,
  Version,
} from '../../../src/orm/index.js';
import { inheritedDeclaration } from '../../../src/orm/metadata/declaration.js';

function declared(entity: object): Record<string, unknown> {
  return Object.fromEntries(inheritedDeclaration(entity)!.properties.map((property) => [property.property, property]));
}

describe('design:type', () => {
  it('stands in for an explicit type where it says enough', () => {
    class Sample {
      @Column() text!: string;
      @Column() number!: number;
      @Column() flag!: boolean;
      @Column() big!: bigint;
      @Column() time!: Date;
      @Column() bytes!: Uint8Array;
      @Column({ nullable: true }) optional?: string;
    }
    const types = Object.values(declared(Sample)).map((property) => (property as { type: string }).type);
    expect(types).toEqual(['text', 'double', 'boolean', 'bigint', 'timestamptz', 'bytea', 'text']);
  });

  it('never wins over an explicit type', () => {
    class Sample {
      @Column('integer') count!: number;
      @Column({ type: 'jsonb' }) data!: object;
      @Column('varchar', { length: 20, name: 'label' }) name!: string;
    }
    expect(declared(Sample)).toMatchObject({
      count: { type: 'integer' },
      data: { type: 'jsonb' },
      name: { type: 'varchar', length: 20, column: 'label' },
    });
  });

  it.each([
    ['an interface', Object],
    ['an array', Array],
    ['nothing', undefined],
  ])('that says %s is refused, naming the property and the types', (_, design) => {
    class Sample {
      value: unknown;
    }
    if (design !== undefined) Reflect.defineMetadata('design:type', design, Sample.prototype, 'value');
    const decorate = (): void => Column()(Sample.prototype, 'value');
    expect(decorate).toThrow(InvalidArgumentError);
    expect(decorate).toThrow(/Sample\.value needs an explicit column type/);
  });

  it('is Object for a union, which throws where the class is declared', () => {
    expect(() => {
      class Sample {
        @Column() value!: string | number;
      }
      return Sample;
    }).toThrow(/Sample\.value .*only says Object/);
  });
});

describe('@PrimaryKey', () => {
  it('takes its type from how it is generated, or from the property', () => {
    class Sample {
      @PrimaryKey({ generated: 'increment' }) a!: number;
      @PrimaryKey({ generated: 'uuid' }) b!: string;
      @PrimaryKey() c!: number;
      @PrimaryKey() d!: string;
      @PrimaryKey('integer', { name: 'five' }) e!: number;
    }
    expect(declared(Sample)).toMatchObject({
      a: { type: 'bigint', generated: 'increment', primaryKey: true },
      b: { type: 'uuid', generated: 'uuid', primaryKey: true },
      c: { type: 'bigint', generated: undefined, primaryKey: true },
      d: { type: 'text', primaryKey: true },
      e: { type: 'integer', column: 'five', primaryKey: true },
    });
  });
});

describe('decorators', () => {
  it('record everything on the class and nothing on its instances', () => {
    @Entity({ table: 'people' })
    @Index(['last', 'first'], { unique: true, name: 'full_name' })
    class Person {
      @PrimaryKey({ generated: 'increment' }) id!: number;
      @Column('text') first!: string;
      @Index() @Column('text') last!: string;
      @ManyToOne(() => Person, { nullable: true }) parent!: Ref<Person> | null;
      @OneToMany(
        () => Person,
        (person) => person.parent,
        { cascade: ['remove'] },
      )
      children!: Collection<Person>;
      @Version() version!: number;
      @CreatedAt() createdAt!: Date;
      @UpdatedAt({ name: 'changed' }) updatedAt!: Date;
      @DeletedAt() deletedAt!: Date | null;
      @BeforeInsert() check(): void {}
    }
    const declaration = inheritedDeclaration(Person)!;
    expect(declaration).toMatchObject({
      isEntity: true,
      table: 'people',
      indexes: [
        { properties: ['last'], unique: false },
        { properties: ['last', 'first'], unique: true, name: 'full_name' },
      ],
      hooks: [{ event: 'beforeInsert', method: 'check' }],
    });
    expect(declared(Person)).toMatchObject({
      parent: { kind: 'many-to-one', nullable: true, indexed: true, cascade: [] },
      children: { kind: 'one-to-many', cascade: ['remove'] },
      version: { role: 'version', type: 'integer' },
      createdAt: { role: 'createdAt', type: 'timestamptz', nullable: false },
      updatedAt: { role: 'updatedAt', column: 'changed' },
      deletedAt: { role: 'deletedAt', nullable: true },
    });
    expect(Object.keys(new Person())).not.toContain('check');
  });

  it('of a base class hold for its subclasses only', () => {
    class Base {
      @PrimaryKey({ generated: 'uuid' }) id!: string;
    }
    class Left extends Base {
      @Column('text') left!: string;
    }
    class Right extends Base {
      @Column('text') right!: string;
    }
    expect(Object.keys(declared(Left))).toEqual(['id', 'left']);
    expect(Object.keys(declared(Right))).toEqual(['id', 'right']);
    expect(Object.keys(declared(Base))).toEqual(['id']);
  });

  it.each([
    ['static members', (): unknown => Column('text')(Date, 'value')],
    ['members named by symbols', (): void => Column('text')({}, Symbol('value'))],
    ['@Index with a list on a property', (): void => (Index(['a']) as PropertyDecorator)({}, 'value')],
    ['@Index without a list on a class', (): unknown => (Index() as unknown as ClassDecorator)(Date)],
  ])('refuse %s', (_, decorate) => {
    expect(decorate).toThrow(InvalidArgumentError);
  });

  it.each<[string, () => unknown]>([
    ['@Column', () => Column({ nulable: true } as never)],
    ['@Column', () => Column('text', { uniqe: true } as never)],
    ['@PrimaryKey', () => PrimaryKey('text', { unique: true } as never)],
    ['@Entity', () => Entity({ tabel: 'x' } as never)],
    ['@Index', () => Index({ uniqe: true } as never)],
    ['@Index', () => Index(['a'], { nam: 'x' } as never)],
    ['@Version', () => Version({ nullable: true } as never)],
    ['@ManyToOne', () => ManyToOne(() => Object, { nulable: true } as never)],
    ['@ManyToOne', () => ManyToOne(() => Object, 'x' as never, { cascade: ['remove'] } as never)],
    ['@OneToMany', () => OneToMany(() => Object, 'x' as never, { orphans: true } as never)],
    ['@OneToMany', () => OneToMany(() => Object, 'x' as never, { cascade: ['presist'] } as never)],
    ['@ManyToOne', () => ManyToOne('User' as never)],
    ['@Column', () => Column({ type: 'text' } as never, { nullable: true })],
    ['@Column', () => Column(5 as never)],
  ])('refuse options that %s does not know', (decorator, make) => {
    expect(make).toThrow(InvalidArgumentError);
    expect(make).toThrow(decorator);
  });

  it('list the options there are', () => {
    expect(() => Column('text', { uniqe: true } as never)).toThrow(
      /options of @Column .*"uniqe".* type, name, nullable, unique, length, default/,
    );
  });

  it.each<[string, (value: undefined, context: object) => unknown]>([
    ['@Column', Column('text') as never],
    ['@PrimaryKey', PrimaryKey() as never],
    ['@ManyToOne', ManyToOne(() => Object) as never],
    ['@OneToMany', OneToMany(() => Object, 'x' as never) as never],
    ['@Version', Version() as never],
    ['@BeforeInsert', BeforeInsert() as never],
    ['@Index', Index() as never],
    ['@Entity', Entity() as never],
  ])('%s names experimentalDecorators when it was compiled as a standard decorator', (decorator, decorate) => {
    const apply = (): unknown => decorate(undefined, { kind: 'field', name: 'x', static: false, private: false });
    expect(apply).toThrow(InvalidArgumentError);
    expect(apply).toThrow(`${decorator} was compiled as a standard decorator: set "experimentalDecorators": true`);
  });

  it('do not compile on properties that hold something else', () => {
    class Typed {
      @PrimaryKey('bigint') id!: number;
      @Column('text', { nullable: true }) role!: 'admin' | 'guest' | null;
      @Column('bytea') avatar?: Buffer;
      @Column({ type: 'jsonb' }) settings!: { readonly theme: string };
      @Column('text') protected secret!: string;
      // @ts-expect-error integers are not strings
      @Column('integer') a!: string;
      // @ts-expect-error not all values of the property are booleans
      @Column({ type: 'boolean' }) b!: boolean | string;
      // @ts-expect-error dates are not numbers
      @PrimaryKey('date') c!: number;
    }
    expect(Object.keys(declared(Typed))).toHaveLength(8);
  });
});
