/** Random syntax trees: any shape the grammar can express, whether or not it means anything. */

import fc from 'fast-check';
import * as ast from '../../../src/sql/ast/index.js';

const identifier = fc.oneof(
  fc.constantFrom('a', 'b', 'users', 'id', 'Mixed Case', 'select', 'from', 'quo"te', 'ünïcode', 'extract', 'time'),
  fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }),
);
const alias = fc.option(identifier, { nil: undefined });
const nameNode = identifier.map((text) => ast.name(text));
const nameNodes = fc.array(nameNode, { minLength: 1, maxLength: 3 });

const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const literal: fc.Arbitrary<ast.Expression> = fc.oneof(
  fc.integer().map((value) => ast.integerLiteral(value)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ast.integerLiteral(value)),
  finite.map((value) => ast.floatLiteral(value)),
  fc.string({ unit: 'grapheme' }).map((value) => ast.stringLiteral(value)),
  fc.constantFrom("it's", '--', '/*', ';', '\n', '\\').map((value) => ast.stringLiteral(value)),
  fc.boolean().map((value) => ast.booleanLiteral(value)),
  fc.uint8Array({ maxLength: 5 }).map((value) => ast.bytesLiteral(value)),
  fc.constant(ast.nullLiteral()),
);

const typeNode = fc.constantFrom(
  ast.typeName('integer'),
  ast.typeName('double precision'),
  ast.typeName('varchar', [20]),
  ast.typeName('character varying', [7]),
  ast.typeName('timestamp with time zone'),
  ast.typeName('timestamp without time zone', [3]),
  ast.typeName('numeric', [10, 2]),
);

/** Chains of one operator are one node, as the parser makes them. */
function logicalOf(operator: 'and' | 'or', operands: readonly ast.Expression[]): ast.Expression {
  return ast.logical(
    operator,
    operands.flatMap((part) => (part.kind === 'logical' && part.operator === operator ? part.operands : [part])),
  );
}

interface Trees {
  expression: ast.Expression;
  select: ast.SelectStatement;
  table: ast.TableReference;
}

const { expression, select } = fc.letrec<Trees>((tie: fc.LetrecTypedTie<Trees>): fc.LetrecValue<Trees> => {
  const nested = tie('expression');
  const some = fc.array(nested, { minLength: 1, maxLength: 3 });
  const optional = fc.option(nested, { nil: undefined });
  const flag = fc.boolean();
  const leaf = fc.oneof(
    literal,
    fc.integer({ min: 1, max: 9 }).map((key) => ast.parameter(key)),
    fc.tuple(identifier, alias).map(([column, table]) => ast.column(column, table)),
  );
  const branches = fc.array(fc.record({ when: nested, result: nested }), { minLength: 1, maxLength: 2 });
  const order = fc
    .tuple(nested, fc.constantFrom('asc', 'desc'), fc.constantFrom('first', 'last', undefined))
    .map(([key, direction, nulls]) => ast.orderItem(key, direction, nulls));
  return {
    expression: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'sql' },
      leaf,
      fc.tuple(fc.constantFrom('-', '+', 'not'), nested).map(([operator, operand]) => ast.unary(operator, operand)),
      fc
        .tuple(fc.constantFrom('+', '-', '*', '/', '%', '||', '=', '<>', '<', '<=', '>', '>='), nested, nested)
        .map(([operator, left, right]) => ast.binary(operator, left, right)),
      fc
        .tuple(fc.constantFrom('and', 'or'), fc.array(nested, { minLength: 2, maxLength: 3 }))
        .map(([operator, operands]) => logicalOf(operator, operands)),
      fc
        .tuple(nested, fc.constantFrom('null', 'true', 'false', 'unknown'), flag)
        .map(([operand, test, negated]) => ast.isTest(operand, test, negated)),
      fc.tuple(nested, nested, flag).map(([left, right, negated]) => ast.isDistinct(left, right, negated)),
      fc.tuple(nested, some, flag).map(([operand, list, negated]) => ast.inList(operand, list, negated)),
      fc.tuple(nested, tie('select'), flag).map(([operand, query, negated]) => ast.inSubquery(operand, query, negated)),
      fc.tuple(nested, nested, nested, flag).map(([value, low, high, no]) => ast.between(value, { low, high }, no)),
      fc
        .tuple(nested, nested, fc.record({ escape: optional, caseInsensitive: flag, negated: flag }))
        .map(([operand, pattern, options]) => ast.like(operand, pattern, options)),
      fc.record({ operand: optional, branches, otherwise: optional }).map((parts) => ast.caseExpression(parts)),
      fc.tuple(nested, typeNode).map(([operand, type]) => ast.cast(operand, type)),
      fc.tuple(identifier, some, flag).map(([name, given, distinct]) => ast.call(name, given, { distinct })),
      identifier.map((name) => ast.call(name, [], { star: true })),
      identifier.map((name) => ast.call(name, [])),
      tie('select').map((query) => ast.subquery(query)),
      tie('select').map((query) => ast.exists(query)),
    ),
    select: fc
      .record({
        distinct: flag,
        items: fc.array(
          fc.oneof(
            fc.tuple(nested, alias).map(([value, label]) => ast.selectExpression(value, label)),
            alias.map((table) => ast.selectAll(table)),
          ),
          { minLength: 1, maxLength: 3 },
        ),
        from: fc.option(tie('table'), { nil: undefined }),
        where: optional,
        groupBy: fc.array(nested, { maxLength: 2 }),
        having: optional,
        orderBy: fc.array(order, { maxLength: 2 }),
        limit: optional,
        offset: optional,
      })
      .map((parts) => ast.select(parts)),
    table: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'sql' },
      fc.tuple(identifier, alias).map(([name, label]) => ast.table(name, label)),
      fc
        .tuple(tie('table'), tie('table'), fc.constantFrom('inner', 'left'), nested)
        .map(([left, right, join, on]) => ast.join({ join, left, right, on })),
      fc.tuple(tie('table'), tie('table')).map(([left, right]) => ast.join({ join: 'cross', left, right })),
      fc.tuple(tie('select'), identifier).map(([query, label]) => ast.derivedTable(query, label)),
    ),
  };
});

const target = fc.tuple(identifier, alias).map(([name, label]) => ast.table(name, label));
const optionalWhere = fc.option(expression, { nil: undefined });
const returning = fc.array(
  fc.oneof(
    expression.map((value) => ast.selectExpression(value)),
    fc.constant(ast.selectAll()),
  ),
  { maxLength: 2 },
);
const assigned = fc.oneof(
  { weight: 4, arbitrary: expression },
  { weight: 1, arbitrary: fc.constant(ast.defaultValue()) },
);

const columnNode = fc
  .record({
    name: nameNode,
    type: typeNode,
    notNull: fc.boolean(),
    primaryKey: fc.boolean(),
    unique: fc.boolean(),
    defaultValue: fc.option(expression, { nil: undefined }),
    generated: fc.constantFrom('always', 'by-default', undefined),
  })
  .map((parts) =>
    // An identity is NOT NULL and has no default.
    ast.columnDefinition(parts.generated === undefined ? parts : { ...parts, notNull: true, defaultValue: undefined }),
  );

const constraintNode = fc
  .record({ constraint: fc.constantFrom('primary-key', 'unique'), name: alias, columns: nameNodes })
  .map((parts) => ast.tableConstraint(parts));

const definition: fc.Arbitrary<Exclude<ast.Statement, ast.ExplainStatement>> = fc.oneof(
  fc
    .record({
      table: nameNode,
      ifNotExists: fc.boolean(),
      columns: fc.array(columnNode, { minLength: 1, maxLength: 3 }),
      constraints: fc.array(constraintNode, { maxLength: 2 }),
    })
    .map((parts) => ast.createTable(parts)),
  fc
    .record({
      index: fc.option(nameNode, { nil: undefined }),
      table: nameNode,
      unique: fc.boolean(),
      ifNotExists: fc.boolean(),
      columns: fc.array(
        fc.tuple(nameNode, fc.constantFrom('asc', 'desc')).map(([name, direction]) => ast.indexColumn(name, direction)),
        { minLength: 1, maxLength: 3 },
      ),
    })
    .map((parts) => ast.createIndex(parts)),
  fc.tuple(nameNodes, fc.boolean()).map(([names, ifExists]) => ast.dropTable(names, ifExists)),
  fc.tuple(nameNodes, fc.boolean()).map(([names, ifExists]) => ast.dropIndex(names, ifExists)),
);

const source: fc.Arbitrary<ast.InsertSource> = fc.oneof(
  fc
    .array(fc.array(assigned, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 })
    .map((rows) => ast.insertValues(rows)),
  select.map((query) => ast.insertQuery(query)),
  fc.constant(ast.insertDefaults()),
);

const change: fc.Arbitrary<Exclude<ast.Statement, ast.ExplainStatement>> = fc.oneof(
  fc
    .record({ table: target, columns: fc.option(nameNodes, { nil: undefined }), source, returning })
    .map((parts) => ast.insert(parts)),
  fc
    .record({
      table: target,
      assignments: fc.array(
        fc.tuple(nameNode, assigned).map(([column, value]) => ast.assignment(column, value)),
        { minLength: 1, maxLength: 3 },
      ),
      where: optionalWhere,
      returning,
    })
    .map((parts) => ast.update(parts)),
  fc.record({ table: target, where: optionalWhere, returning }).map((parts) => ast.deleteFrom(parts)),
);

const plainStatement = fc.oneof(select, change, definition);

/** Any statement without places in a text. */
export const statementArbitrary: fc.Arbitrary<ast.Statement> = fc.oneof(
  { weight: 9, arbitrary: plainStatement },
  { weight: 1, arbitrary: plainStatement.map((statement) => ast.explain(statement)) },
);
