import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../../src/base/index.js';
import * as ast from '../../../../src/sql/ast/index.js';

const [a, b, c] = [ast.column('a'), ast.column('b'), ast.column('c')];

/** Every object reachable from a node, arrays included. */
function reachable(node: object): object[] {
  const members = Object.values(node).filter((value): value is object => typeof value === 'object' && value !== null);
  return [node, ...members.flatMap(reachable)];
}

describe('nodes', () => {
  test('are frozen, and their lists are copies', () => {
    const items: ast.SelectItem[] = [ast.selectExpression(a, 'x')];
    const branches = [{ when: a, result: b }];
    const statement = ast.select({
      items,
      from: ast.join({ join: 'inner', left: ast.table('t'), right: ast.table('u'), on: ast.inList(a, [b, c]) }),
      where: ast.caseExpression({ branches }),
      groupBy: [a],
      orderBy: [ast.orderItem(ast.call('f', [a]))],
    });
    items.push(ast.selectAll());
    branches.push({ when: b, result: c });
    expect(statement.items).toHaveLength(1);
    expect((statement.where as ast.CaseExpression).branches).toHaveLength(1);
    for (const node of reachable(statement)) expect(Object.isFrozen(node)).toBe(true);
  });

  test('of changes and definitions are frozen too', () => {
    const statements = [
      ast.insert({
        table: ast.table('t'),
        columns: [ast.name('a')],
        source: ast.insertValues([[a, ast.defaultValue()]]),
        returning: [ast.selectAll()],
      }),
      ast.update({ table: ast.table('t'), assignments: [ast.assignment(ast.name('a'), b)] }),
      ast.createTable({
        table: ast.name('t'),
        columns: [ast.columnDefinition({ name: ast.name('a'), type: ast.typeName('varchar', [3]) })],
        constraints: [ast.tableConstraint({ constraint: 'unique', columns: [ast.name('a')] })],
      }),
      ast.createIndex({ table: ast.name('t'), columns: [ast.indexColumn(ast.name('a'))] }),
      ast.dropTable([ast.name('t')]),
    ];
    for (const node of statements.flatMap(reachable)) expect(Object.isFrozen(node)).toBe(true);
  });
});

describe('literals', () => {
  test('integers have one representation', () => {
    expect(ast.integerLiteral(7n)).toEqual(ast.integerLiteral(7));
    expect(ast.integerLiteral(2n ** 53n).value).toBe(2n ** 53n);
    expect(Object.is(ast.integerLiteral(-0).value, 0)).toBe(true);
    expect(() => ast.integerLiteral(1.5)).toThrow(InvariantError);
    expect(() => ast.integerLiteral(2 ** 53)).toThrow(InvariantError);
  });
});

describe('conjunction', () => {
  test('of none, one and many', () => {
    expect(ast.conjunction([])).toBeUndefined();
    expect(ast.conjunction([a])).toBe(a);
    expect(ast.conjunction([a, ast.logical('and', [b, c])])).toEqual(ast.logical('and', [a, b, c]));
    expect(ast.conjunction([a, ast.logical('or', [b, c])])).toEqual(ast.logical('and', [a, ast.logical('or', [b, c])]));
  });
});

describe('factories refuse what SQL has no form for', () => {
  test.each<[string, () => unknown]>([
    ['an empty IN list', () => ast.inList(a, [])],
    ['a logical node of one', () => ast.logical('or', [a])],
    ['a CASE without branches', () => ast.caseExpression({ branches: [] })],
    ['a SELECT of nothing', () => ast.select({ items: [] })],
    ['VALUES without rows', () => ast.insertValues([])],
    ['an UPDATE of nothing', () => ast.update({ table: ast.table('t'), assignments: [] })],
    ['f(*, a)', () => ast.call('f', [a], { star: true })],
    ['a join without condition', () => ast.join({ join: 'left', left: ast.table('t'), right: ast.table('u') })],
    ['a cross join with one', () => ast.join({ join: 'cross', left: ast.table('t'), right: ast.table('u'), on: a })],
  ])('%s', (_, make) => {
    expect(make).toThrow(InvariantError);
  });
});
