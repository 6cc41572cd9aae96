/** Random little databases and statements over them, for comparing an engine with the reference evaluator. */

import fc from 'fast-check';
import * as ast from '../../../src/sql/ast/index.js';
import type { ReferenceKind } from './reference-value.js';
import {
  literalOf,
  TYPE_NAMES,
  type TypedColumn,
  type TypedExpressions,
  typedExpressions,
} from './typed-expression-arbitrary.js';

export interface Workload {
  /** Tables, indexes and rows. */
  readonly setup: readonly ast.Statement[];
  readonly statements: readonly ast.Statement[];
  readonly tables: readonly string[];
}

interface TableShape {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly kind: ReferenceKind; readonly notNull: boolean }[];
  /** Columns (by position) of secondary indexes; `unique` on the first only. */
  readonly indexes: readonly {
    readonly columns: readonly number[];
    readonly descending: boolean;
    readonly unique: boolean;
  }[];
}

const KINDS: readonly ReferenceKind[] = ['integer', 'float', 'text', 'boolean'];

function shapeOf(name: string): fc.Arbitrary<TableShape> {
  const column = fc.record({
    kind: fc.constantFrom(...KINDS),
    notNull: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  });
  return fc.array(column, { minLength: 2, maxLength: 4 }).chain((others) => {
    const columns = [
      { name: 'id', kind: 'integer' as const, notNull: true },
      ...others.map(({ kind, notNull }, index) => ({ name: `${kind[0]!}${index + 1}`, kind, notNull })),
    ];
    const positions = fc.uniqueArray(fc.nat(columns.length - 1), { minLength: 1, maxLength: 2 });
    const unique = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);
    const index = fc.record({ columns: positions, descending: fc.boolean(), unique });
    return fc.array(index, { maxLength: 2 }).map((indexes) => ({ name, columns, indexes }));
  });
}

function setupOf({ name, columns, indexes }: TableShape): ast.Statement[] {
  const table = ast.createTable({
    table: ast.name(name),
    columns: columns.map((column) =>
      ast.columnDefinition({
        name: ast.name(column.name),
        type: ast.typeName(TYPE_NAMES[column.kind]),
        notNull: column.notNull,
        primaryKey: column.name === 'id',
      }),
    ),
  });
  const created = indexes.map((index, number) =>
    ast.createIndex({
      index: ast.name(`${name}_${number}`),
      table: ast.name(name),
      unique: index.unique,
      columns: index.columns.map((at) =>
        ast.indexColumn(ast.name(columns[at]!.name), index.descending ? 'desc' : 'asc'),
      ),
    }),
  );
  return [table, ...created];
}

/** One row each, so that a row which breaks a constraint does not keep the others out. */
function rowsOf({ name, columns }: TableShape): fc.Arbitrary<ast.Statement[]> {
  const row = fc.tuple(...columns.slice(1).map(({ kind, notNull }) => literalOf(kind, !notNull)));
  return fc.array(row, { minLength: 3, maxLength: 10 }).map((rows) =>
    rows.map((values, index) =>
      ast.insert({
        table: ast.table(name),
        source: ast.insertValues([[ast.integerLiteral(index * 3 - 6), ...values]]),
      }),
    ),
  );
}

function columnsOf(shape: TableShape, alias: string): TypedColumn[] {
  return shape.columns.map(({ name, kind }) => ({ table: alias, name, kind }));
}

interface Source {
  readonly from: ast.TableReference;
  readonly columns: readonly TypedColumn[];
}

/** `p JOIN q ON key = key AND …`, and other ways to put two tables beside each other. */
function sourceOf([p, q]: readonly [TableShape, TableShape]): fc.Arbitrary<Source> {
  const left: Source = { from: ast.table(p.name, 'x'), columns: columnsOf(p, 'x') };
  const right: Source = { from: ast.table(q.name, 'y'), columns: columnsOf(q, 'y') };
  const third: Source = { from: ast.table(p.name, 'z'), columns: columnsOf(p, 'z') };
  const joined = (a: Source, b: Source): fc.Arbitrary<Source> => {
    const columns = [...a.columns, ...b.columns];
    const pairs = a.columns.flatMap((l) => b.columns.filter((r) => r.kind === l.kind).map((r) => [l, r] as const));
    const equality = fc
      .constantFrom(...pairs)
      .map(([l, r]) => ast.binary('=', ast.column(l.name, l.table), ast.column(r.name, r.table)));
    const condition = typedExpressions(columns).boolean;
    const on = fc.oneof(
      equality,
      fc.tuple(equality, condition).map(([e, c]) => ast.logical('and', [e, c])),
      condition,
    );
    return fc.oneof(
      fc
        .tuple(fc.constantFrom('inner', 'left'), on)
        .map(([join, c]) => ({ from: ast.join({ join, left: a.from, right: b.from, on: c }), columns })),
      fc.constant({ from: ast.join({ join: 'cross', left: a.from, right: b.from }), columns }),
    );
  };
  const derived = selectOver(left).map(
    ({ query, outputs }): Source => ({
      from: ast.derivedTable(query, 'd'),
      columns: outputs.map(({ name, kind }) => ({ table: 'd', name, kind })),
    }),
  );
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(left) },
    { weight: 4, arbitrary: joined(left, right) },
    { weight: 1, arbitrary: joined(left, right).chain((both) => joined(both, third)) },
    { weight: 1, arbitrary: derived },
  );
}

interface TypedSelect {
  readonly query: ast.SelectStatement;
  readonly outputs: readonly { readonly name: string; readonly kind: ReferenceKind }[];
}

interface TypedItem {
  readonly expression: ast.Expression;
  readonly kind: ReferenceKind;
}

function anyItem(expressions: TypedExpressions): fc.Arbitrary<TypedItem> {
  return fc.oneof(...KINDS.map((kind) => expressions[kind].map((expression) => ({ expression, kind }))));
}

function aggregateOf(expressions: TypedExpressions): fc.Arbitrary<TypedItem> {
  const number = fc.oneof(
    expressions.integer.map((expression) => ({ expression, kind: 'integer' as const })),
    expressions.float.map((expression) => ({ expression, kind: 'float' as const })),
  );
  return fc.oneof(
    fc.constant<TypedItem>({ expression: ast.call('count', [], { star: true }), kind: 'integer' }),
    fc.tuple(anyItem(expressions), fc.boolean()).map(
      ([{ expression }, distinct]): TypedItem => ({
        expression: ast.call('count', [expression], { distinct }),
        kind: 'integer',
      }),
    ),
    fc.tuple(number, fc.boolean()).map(
      ([{ expression, kind }, distinct]): TypedItem => ({
        expression: ast.call('sum', [expression], { distinct }),
        kind,
      }),
    ),
    number.map(({ expression }): TypedItem => ({ expression: ast.call('avg', [expression]), kind: 'float' })),
    fc
      .tuple(
        fc.constantFrom('min', 'max'),
        anyItem(expressions).filter(({ kind }) => kind !== 'boolean'),
      )
      .map(([name, { expression, kind }]): TypedItem => ({ expression: ast.call(name, [expression]), kind })),
  );
}

const order = fc.record({
  direction: fc.constantFrom<'asc' | 'desc'>('asc', 'desc'),
  nulls: fc.constantFrom<'first' | 'last' | undefined>('first', 'last', undefined),
});

interface Clauses {
  readonly items: readonly TypedItem[];
  readonly where: ast.Expression | undefined;
  readonly groupBy?: readonly ast.Expression[];
  readonly having?: ast.Expression | undefined;
}

/**
 * Puts output names, DISTINCT, ORDER BY and LIMIT around the clauses. A LIMIT comes with an order over all outputs:
 * rows that tie are then equal, and any correct engine returns the same ones.
 */
function finish(from: ast.TableReference, clauses: fc.Arbitrary<Clauses>): fc.Arbitrary<TypedSelect> {
  const limits = fc.option(fc.record({ limit: fc.nat(5), offset: fc.nat(2) }), { nil: undefined, freq: 2 });
  return fc
    .tuple(clauses, fc.boolean(), limits, fc.array(order, { minLength: 4, maxLength: 4 }), fc.nat(3))
    .map(([{ items, where, groupBy = [], having }, distinct, range, orders, sorted]) => {
      const outputs = items.map(({ kind }, index) => ({ name: `c${index + 1}`, kind }));
      const keys = range === undefined ? Math.min(sorted, items.length) : items.length;
      const orderBy = orders
        .slice(0, keys)
        .map(({ direction, nulls }, index) => ast.orderItem(ast.integerLiteral(index + 1), direction, nulls));
      const query = ast.select({
        distinct,
        items: items.map(({ expression }, index) => ast.selectExpression(expression, outputs[index]!.name)),
        from,
        where,
        groupBy,
        having,
        orderBy,
        limit: range === undefined ? undefined : ast.integerLiteral(range.limit),
        offset: range === undefined ? undefined : ast.integerLiteral(range.offset),
      });
      return { query, outputs };
    });
}

function selectOver({ from, columns }: Source): fc.Arbitrary<TypedSelect> {
  const expressions = typedExpressions(columns);
  const where = fc.option(expressions.boolean, { nil: undefined, freq: 3 });
  const plain = fc.record({ items: fc.array(anyItem(expressions), { minLength: 1, maxLength: 3 }), where });
  const keys = fc.uniqueArray(fc.constantFrom(...columns), { maxLength: 2 });
  const grouped = fc
    .tuple(
      keys,
      fc.array(aggregateOf(expressions), { minLength: 1, maxLength: 2 }),
      where,
      fc.integer({ min: -1, max: 3 }),
    )
    .map(([chosen, aggregates, condition, least]): Clauses => {
      const groupBy = chosen.map(({ name, table }) => ast.column(name, table));
      const count = ast.call('count', [], { star: true });
      return {
        items: [...chosen.map(({ kind }, index) => ({ expression: groupBy[index]!, kind })), ...aggregates],
        where: condition,
        groupBy,
        having: least < 0 ? undefined : ast.binary('>', count, ast.integerLiteral(least)),
      };
    });
  return fc.oneof({ weight: 3, arbitrary: finish(from, plain) }, { weight: 2, arbitrary: finish(from, grouped) });
}

/** Conditions that need another query. */
function subqueryCondition([p, q]: readonly [TableShape, TableShape]): fc.Arbitrary<ast.Statement> {
  const [outer, inner] = [columnsOf(p, 'x'), columnsOf(q, 'y')];
  const where = typedExpressions([...outer, ...inner]).boolean;
  const id = ast.column('id', 'y');
  const query = fc
    .option(where, { nil: undefined })
    .map((condition) =>
      ast.select({ items: [ast.selectExpression(id)], from: ast.table(q.name, 'y'), where: condition }),
    );
  const condition = fc
    .tuple(query, fc.boolean(), typedExpressions(outer).integer)
    .map(([sub, negated, operand]) => [
      ast.inSubquery(operand, sub, negated),
      negated ? ast.not(ast.exists(sub)) : ast.exists(sub),
    ]);
  return fc
    .tuple(condition, fc.nat(1))
    .map(([conditions, at]) =>
      ast.select({ items: [ast.selectAll()], from: ast.table(p.name, 'x'), where: conditions[at]! }),
    );
}

/** Equalities and ranges over one table's columns: what access paths are made from. */
function rangeQuery(shape: TableShape): fc.Arbitrary<ast.Statement> {
  const bound = fc
    .constantFrom(...shape.columns)
    .chain(({ name, kind }) =>
      fc
        .tuple(fc.constantFrom<ast.ComparisonOperator>('=', '<', '<=', '>', '>='), literalOf(kind, false), fc.boolean())
        .map(([operator, value, flipped]) =>
          flipped ? ast.binary(operator, value, ast.column(name)) : ast.binary(operator, ast.column(name), value),
        ),
    );
  const sort = fc.option(fc.tuple(fc.constantFrom(...shape.columns), order), { nil: undefined });
  return fc.tuple(fc.array(bound, { minLength: 1, maxLength: 3 }), sort, fc.nat(9)).map(([bounds, key, limit]) => {
    const tie = ast.orderItem(ast.column('id'));
    const orderBy =
      key === undefined ? [] : [ast.orderItem(ast.column(key[0].name), key[1].direction, key[1].nulls), tie];
    return ast.select({
      items: [ast.selectAll()],
      from: ast.table(shape.name),
      where: ast.conjunction(bounds),
      orderBy,
      limit: key === undefined ? undefined : ast.integerLiteral(limit),
    });
  });
}

/**
 * Conditions in the shape of an index: equal on its leading columns, between two bounds (or beyond one) on the last, and
 * sorted as the index is, or the other way round. Random conditions almost never have that shape.
 */
function indexQuery(shape: TableShape): fc.Arbitrary<ast.Statement> {
  const primary = { columns: [0], descending: false };
  return fc.constantFrom(primary, ...shape.indexes).chain((index) => {
    const columns = index.columns.map((position) => shape.columns[position]!);
    const last = columns[columns.length - 1]!;
    const compared = (
      operator: ast.ComparisonOperator,
      { name, kind }: (typeof columns)[number],
    ): fc.Arbitrary<ast.Expression> =>
      literalOf(kind, false).map((value) => ast.binary(operator, ast.column(name), value));
    const lower = fc.constantFrom<ast.ComparisonOperator>('>', '>=').chain((operator) => compared(operator, last));
    const upper = fc.constantFrom<ast.ComparisonOperator>('<', '<=').chain((operator) => compared(operator, last));
    const range = fc.oneof(
      { weight: 3, arbitrary: fc.tuple(lower, upper) },
      { weight: 1, arbitrary: fc.tuple(lower) },
      { weight: 1, arbitrary: fc.tuple(upper) },
      { weight: 1, arbitrary: fc.tuple(compared('=', last)) },
    );
    const equal = fc.tuple(...columns.slice(0, -1).map((each) => compared('=', each)));
    const sort = fc.option(order, { nil: undefined });
    return fc.tuple(equal, range, sort, fc.nat(6)).map(([equalities, bounds, key, limit]) => {
      const keys =
        key === undefined ? [] : columns.map(({ name }) => ast.orderItem(ast.column(name), key.direction, key.nulls));
      return ast.select({
        items: [ast.selectAll()],
        from: ast.table(shape.name),
        where: ast.conjunction([...equalities, ...bounds]),
        orderBy: key === undefined ? [] : [...keys, ast.orderItem(ast.column('id'))],
        limit: key === undefined ? undefined : ast.integerLiteral(limit),
      });
    });
  });
}

/** Changes of one table. Integers are kept small, whatever happens to them again and again. */
function changeOf(shape: TableShape): fc.Arbitrary<ast.Statement> {
  const expressions = typedExpressions(columnsOf(shape, shape.name));
  const target = ast.table(shape.name);
  const where = fc.option(expressions.boolean, { nil: undefined });
  const returning = fc.constantFrom([], [ast.selectAll()]);
  const assigned = (kind: ReferenceKind): fc.Arbitrary<ast.Expression> => {
    if (kind === 'float') return literalOf(kind, true);
    if (kind !== 'integer') return expressions[kind];
    return expressions.integer.map((value) => ast.binary('%', value, ast.integerLiteral(100)));
  };
  const column = fc.constantFrom(...shape.columns);
  const assignments = fc
    .uniqueArray(column, { minLength: 1, maxLength: 2 })
    .chain((columns) =>
      fc.tuple(
        ...columns.map((each) => assigned(each.kind).map((value) => ast.assignment(ast.name(each.name), value))),
      ),
    );
  const row = fc.tuple(...shape.columns.map(({ kind }) => literalOf(kind, true)));
  return fc.oneof(
    fc.record({ assignments, where, returning }).map((parts) => ast.update({ table: target, ...parts })),
    fc.record({ where, returning }).map((parts) => ast.deleteFrom({ table: target, ...parts })),
    fc
      .tuple(fc.array(row, { minLength: 1, maxLength: 2 }), returning)
      .map(([rows, items]) => ast.insert({ table: target, source: ast.insertValues(rows), returning: items })),
  );
}

export const workloadArbitrary: fc.Arbitrary<Workload> = fc.tuple(shapeOf('p'), shapeOf('q')).chain((shapes) => {
  const [p, q] = shapes;
  const statement = fc.oneof(
    {
      weight: 5,
      arbitrary: sourceOf(shapes)
        .chain(selectOver)
        .map(({ query }): ast.Statement => query),
    },
    { weight: 2, arbitrary: rangeQuery(p) },
    { weight: 6, arbitrary: indexQuery(p) },
    { weight: 1, arbitrary: subqueryCondition(shapes) },
    { weight: 3, arbitrary: changeOf(p) },
    { weight: 1, arbitrary: changeOf(q) },
  );
  return fc
    .record({ rows: fc.tuple(rowsOf(p), rowsOf(q)), statements: fc.array(statement, { minLength: 8, maxLength: 16 }) })
    .map(({ rows, statements }) => ({
      setup: [...setupOf(p), ...setupOf(q), ...rows.flat()],
      statements,
      tables: ['p', 'q'],
    }));
});
