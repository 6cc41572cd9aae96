import { expect, it } from 'vitest';
import { defineEntity, gte, oneOf } from '../../../src/orm/index.js';
import { StatementBook } from '../../../src/orm/query/statement-book.js';
import { EntityStatements } from '../../../src/orm/query/statements.js';
import { EntityRegistry } from '../../../src/orm/registry/entity-registry.js';
import * as ast from '../../../src/sql/index.js';

const Item = defineEntity({
  name: 'Item',
  columns: { id: { type: 'integer', primaryKey: true }, label: { type: 'text' } },
});
const statements = new EntityStatements(new EntityRegistry([Item]).get(Item));

it('queries of one shape share a statement, whatever their values', () => {
  const first = statements.select({ where: { id: gte(1) }, limit: 5 });
  const second = statements.select({ where: { id: gte(900) }, limit: 7 });
  expect(second.statement).toBe(first.statement);
  expect([first.parameters, second.parameters]).toEqual([
    [1, 5],
    [900, 7],
  ]);
});

it('queries of different shapes do not', () => {
  const shapes = [
    statements.select({}),
    statements.select({ limit: 1 }),
    statements.select({ offset: 1 }),
    statements.select({ where: { id: 1 } }),
    statements.select({ where: { id: gte(1) } }),
    statements.select({ where: { label: 'x' } }),
    statements.select({ where: { id: oneOf([1, 2]) } }),
    statements.select({ where: { id: oneOf([1, 2, 3]) } }),
    statements.select({ orderBy: { id: 'asc' } }),
    statements.select({ orderBy: { id: 'desc' } }),
    statements.count({}),
    statements.probe({}),
    statements.batch({}, { after: undefined, limit: 1 }),
    statements.delete({}, false),
    statements.delete({}, true),
    statements.update({}, { assignments: [{ column: 'label', value: 'x' }], raise: undefined }, false),
    statements.update({}, { assignments: [{ column: 'label', value: 'x' }], raise: 'id' }, false),
  ];
  expect(new Set(shapes.map(({ statement }) => statement)).size).toBe(shapes.length);
});

it('forgets the oldest shapes, never the newest', () => {
  const book = new StatementBook();
  const build = (): ast.Statement => ast.select({ items: [ast.selectAll()] });
  const first = book.get('first', 0, build);
  for (let i = 0; i < 200; i++) book.get(i, 0, build);
  expect(book.get('first', 0, build)).toBe(first);
  for (let i = 0; i < 1000; i++) book.get(`more ${i}`, 0, build);
  expect(book.get('first', 0, build)).not.toBe(first);
  const newest = book.get('newest', 0, build);
  expect(book.get('newest', 0, build)).toBe(newest);
});

it('keeps no statement with a long list of values', () => {
  const ids = Array.from({ length: 100 }, (_, i) => i);
  const [first, second] = [1, 2].map(() => statements.select({ where: { id: oneOf(ids) } }).statement);
  expect(second).not.toBe(first);
});
