/**
 * The SQL statements behind the repositories of one entity, as syntax trees. A statement of the same shape (all but its
 * parameters' values) is the same tree again, so that the SQL layer finds the plan it made for it.
 */

import { InvalidArgumentError } from '../../base/index.js';
import * as ast from '../../sql/index.js';
import type { EntityMetadata, ReferenceMetadata } from '../registry/entity-metadata.js';
import { StatementBook } from './statement-book.js';
import { columnOf, WhereCompiler } from './where-compiler.js';

/** A statement and the values of its parameters. */
export interface BoundStatement {
  readonly statement: ast.Statement;
  readonly parameters: readonly unknown[];
}

/** What a query asks for, already stripped of types; every part is checked here. */
export interface QueryOptions {
  readonly where?: unknown;
  readonly orderBy?: unknown;
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  readonly withDeleted?: boolean | undefined;
}

/** The rows that follow a key, in the order of keys. */
export interface KeyWindow {
  /** As JavaScript values; undefined: from the first row on. */
  readonly after: readonly unknown[] | undefined;
  readonly limit: number;
}

/** `assignments` are checked values per column; `raise` adds one to a column. */
export interface Changes {
  readonly assignments: readonly { readonly column: string; readonly value: unknown }[];
  readonly raise: string | undefined;
}

/** The parts in which statements of one kind differ. */
interface Variation {
  readonly where: ast.Expression | undefined;
  readonly orderBy?: readonly ast.OrderItem[];
  readonly limit?: ast.Expression | undefined;
  readonly offset?: ast.Expression | undefined;
}

export class EntityStatements {
  readonly #entity: EntityMetadata;
  readonly #book = new StatementBook();
  readonly #table: ast.NamedTable;
  readonly #fields: readonly ast.SelectItem[];
  readonly #keyOrder: readonly ast.OrderItem[];

  constructor(entity: EntityMetadata) {
    this.#entity = entity;
    this.#table = ast.table(entity.table);
    this.#fields = entity.fields.map((field) => ast.selectExpression(ast.column(field.column)));
    this.#keyOrder = entity.keyFields.map((field) => ast.orderItem(ast.column(field.column)));
  }

  /** All fields of the entities asked for, in field order. */
  select(options: QueryOptions): BoundStatement {
    return this.#query('select', this.#fields, options);
  }

  count(options: QueryOptions): BoundStatement {
    return this.#query('count', [ast.selectExpression(ast.call('count', [], { star: true }))], options);
  }

  /** One row when there is any. */
  probe(options: QueryOptions): BoundStatement {
    const key = ast.column(this.#entity.keyFields[0]!.column);
    return this.#query('probe', [ast.selectExpression(key)], { ...options, limit: 1 });
  }

  /** The next entities in the order of their keys. */
  batch(options: QueryOptions, window: KeyWindow): BoundStatement {
    const compiler = new WhereCompiler(this.#entity);
    const conditions = [compiler.where(options.where), this.#keyAfter(compiler, window.after)];
    const condition = ast.conjunction(conditions.filter((part) => part !== undefined));
    return this.#select('batch', compiler, this.#fields, {
      where: this.#restricted(condition, options.withDeleted ?? false),
      orderBy: this.#keyOrder,
      limit: compiler.parameter(window.limit),
    });
  }

  /** The members of many collections at once: all entities that refer to one of `ownerKeys`, in order of their keys. */
  members(
    mappedBy: ReferenceMetadata,
    ownerKeys: readonly (readonly ast.SqlValue[])[],
    withDeleted: boolean,
  ): BoundStatement {
    const compiler = new WhereCompiler(this.#entity);
    const where = this.#restricted(compiler.pointsTo(mappedBy, ownerKeys), withDeleted);
    return this.#select('members', compiler, this.#fields, { where, orderBy: this.#keyOrder });
  }

  /** `returnsRows`: yields all fields of the rows as they are then. */
  update(where: unknown, changes: Changes, returnsRows: boolean): BoundStatement {
    const compiler = new WhereCompiler(this.#entity);
    const assignments = changes.assignments.map(({ column, value }) =>
      ast.assignment(ast.name(column), compiler.parameter(value)),
    );
    if (changes.raise !== undefined) {
      const next = ast.binary('+', ast.column(changes.raise), ast.integerLiteral(1));
      assignments.push(ast.assignment(ast.name(changes.raise), next));
    }
    const condition = this.#restricted(compiler.where(where), false);
    const returning = returnsRows ? this.#fields : [];
    return this.#bound(['update', returnsRows, assignments, condition], compiler, () =>
      ast.update({ table: this.#table, assignments, where: condition, returning }),
    );
  }

  /** `returnsRows`: yields all fields of the rows as they were. */
  delete(where: unknown, returnsRows: boolean): BoundStatement {
    const compiler = new WhereCompiler(this.#entity);
    const condition = compiler.where(where);
    const returning = returnsRows ? this.#fields : [];
    return this.#bound(['delete', returnsRows, condition], compiler, () =>
      ast.deleteFrom({ table: this.#table, where: condition, returning }),
    );
  }

  #query(kind: string, items: readonly ast.SelectItem[], options: QueryOptions): BoundStatement {
    const compiler = new WhereCompiler(this.#entity);
    return this.#select(kind, compiler, items, {
      where: this.#restricted(compiler.where(options.where), options.withDeleted ?? false),
      orderBy: orderItems(this.#entity, options.orderBy),
      limit: rowCount(compiler, 'limit', options.limit),
      offset: rowCount(compiler, 'offset', options.offset),
    });
  }

  #select(
    kind: string,
    compiler: WhereCompiler,
    items: readonly ast.SelectItem[],
    variation: Variation,
  ): BoundStatement {
    return this.#bound([kind, variation], compiler, () => ast.select({ items, from: this.#table, ...variation }));
  }

  #bound(shape: unknown, { parameters }: WhereCompiler, build: () => ast.Statement): BoundStatement {
    return { statement: this.#book.get(shape, parameters.length, build), parameters };
  }

  /** `a > x`; for composite keys `a >= x AND (a > x OR b > y OR …)`, each later part under equality of those before it. */
  #keyAfter(compiler: WhereCompiler, after: readonly unknown[] | undefined): ast.Expression | undefined {
    if (after === undefined) return undefined;
    const { keyFields } = this.#entity;
    const compare = (i: number, operator: '>' | '>=' | '='): ast.Expression =>
      ast.binary(operator, ast.column(keyFields[i]!.column), compiler.parameter(after[i]));
    if (keyFields.length === 1) return compare(0, '>');
    const alternatives = keyFields.map(
      (_, i) => ast.conjunction([...Array.from({ length: i }, (_, before) => compare(before, '=')), compare(i, '>')])!,
    );
    return ast.conjunction([compare(0, '>='), ast.logical('or', alternatives)]);
  }

  /** Leaves softly deleted rows out. */
  #restricted(condition: ast.Expression | undefined, withDeleted: boolean): ast.Expression | undefined {
    const { deletedAt } = this.#entity.maintained;
    if (deletedAt === undefined || withDeleted) return condition;
    const alive = ast.isTest(ast.column(deletedAt.column), 'null');
    return condition === undefined ? alive : ast.conjunction([condition, alive]);
  }
}

function orderItems(entity: EntityMetadata, orderBy: unknown): ast.OrderItem[] {
  if (orderBy === undefined) return [];
  const lists: readonly unknown[] = Array.isArray(orderBy) ? orderBy : [orderBy];
  return lists.flatMap((list) => {
    if (typeof list !== 'object' || list === null) throw wrongOrder(entity, 'expected { property: "asc" | "desc" }');
    return Object.entries(list as Record<string, unknown>).flatMap(([name, direction]) => {
      if (direction !== 'asc' && direction !== 'desc') {
        throw wrongOrder(entity, `${name}: expected 'asc' or 'desc', found ${JSON.stringify(direction)}`);
      }
      const column = columnOf(entity, name);
      const fields = column.kind === 'field' ? [column] : column.fields;
      return fields.map((field) => ast.orderItem(ast.column(field.column), direction));
    });
  });
}

function wrongOrder(entity: EntityMetadata, problem: string): InvalidArgumentError {
  return new InvalidArgumentError(`orderBy of ${entity.name}: ${problem}`, { facts: { entity: entity.name } });
}

function rowCount(
  compiler: WhereCompiler,
  option: 'limit' | 'offset',
  value: number | undefined,
): ast.Expression | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && value >= 0) return compiler.parameter(value);
  throw new InvalidArgumentError(`${option} must be a whole number of rows, found ${String(value)}`, {
    facts: { option, found: value },
  });
}
