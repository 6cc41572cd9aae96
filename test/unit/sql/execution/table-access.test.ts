import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConstraintError } from '../../../../src/base/index.js';
import type { ReadView } from '../../../../src/mvcc/index.js';
import { SchemaStore } from '../../../../src/sql/catalog/schema-store.js';
import { Sequences } from '../../../../src/sql/catalog/sequences.js';
import type { Row, Table } from '../../../../src/sql/catalog/table.js';
import { TableAccess } from '../../../../src/sql/execution/table-access.js';
import { IndexEntry, rowKey, rowKeyOfEntry } from '../../../../src/sql/execution/table-keys.js';
import { indexRange } from '../../../../src/sql/rows/key-layout.js';
import { INTEGER, type SqlValue, TEXT } from '../../../../src/sql/values/index.js';
import { ModelStore, type ModelTransaction } from '../../../support/model-store.js';
import { propertyOptions } from '../../../support/seed.js';

function openTables(): TableAccess {
  const marks = new Map<string, Uint8Array>();
  const sequences = new Sequences({
    read: (key) => marks.get(key.join()),
    write: (key, value) => void marks.set(key.join(), value),
  });
  return new TableAccess(new SchemaStore(sequences), sequences);
}

const context = { nowMs: 0 };

function createTable(tables: TableAccess, tx: ModelTransaction): Table {
  tables.createTable(tx, {
    name: 't',
    columns: [
      { name: 'id', type: INTEGER },
      { name: 'code', type: TEXT },
      { name: 'a', type: INTEGER },
      { name: 'b', type: INTEGER },
    ],
    primaryKey: { columns: ['id'] },
    unique: [{ columns: ['code', 'a'] }],
  });
  tables.createIndex(tx, { table: 't', columns: [{ name: 'b', descending: true }, { name: 'code' }] });
  return tables.resolve(tx, 't');
}

function rowsOf(tables: TableAccess, view: ReadView, table: Table): Row[] {
  const rows: Row[] = [];
  const cursor = view.cursor(indexRange(table.primaryKey.prefix));
  while (cursor.next()) rows.push(tables.decode(table, cursor.value()));
  return rows;
}

/** Every entry leads to a row whose entry it is, and there are as many entries as rows. */
function checkIndexes(tables: TableAccess, view: ReadView, table: Table): void {
  const rows = rowsOf(tables, view, table);
  for (const index of table.indexes) {
    const cursor = view.cursor(indexRange(index.prefix));
    let entries = 0;
    for (; cursor.next(); entries++) {
      const key = rowKeyOfEntry(table, index, cursor);
      const stored = view.get(key);
      expect(stored).toBeDefined();
      const entry = new IndexEntry();
      entry.build(table, index, tables.decode(table, stored!));
      expect([...entry.key]).toEqual([...cursor.key()]);
      expect([...entry.value]).toEqual([...cursor.value()]);
    }
    expect(entries).toBe(rows.length);
  }
  for (const row of rows) expect(view.has(rowKey(table, row))).toBe(true);
}

const id = fc.integer({ min: 0, max: 6 });
const values = fc.tuple(
  fc.option(fc.constantFrom('', 'x', 'y')),
  fc.option(fc.integer({ min: 0, max: 1 })),
  fc.option(fc.integer({ min: 0, max: 3 })),
);
const change = fc.oneof(
  fc.record({ kind: fc.constant('insert' as const), id, values }),
  fc.record({ kind: fc.constant('update' as const), id, to: id, values }),
  fc.record({ kind: fc.constant('delete' as const), id }),
);

/** What SQL says may be in the table: one row per id, and one per (code, a) without nulls. */
class ModelTable {
  readonly rows = new Map<number, SqlValue[]>();

  allows(row: SqlValue[], replacing?: number): boolean {
    const others = [...this.rows.values()].filter(([other]) => other !== replacing);
    return others.every(
      ([other, code, a]) =>
        other !== row[0] && (code === null || a === null || row[1] === null || code !== row[1] || a !== row[2]),
    );
  }
}

describe('table access', () => {
  test('keeps rows and indexes in step and lets exactly the allowed changes through', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 25 }), (changes) => {
        const tables = openTables();
        const tx = new ModelStore().begin();
        const table = createTable(tables, tx);
        const model = new ModelTable();
        for (const step of changes) {
          const old = model.rows.get(step.id);
          const attempt = (row: SqlValue[], replacing: number | undefined, apply: () => void): void => {
            const before = tx.writes.length;
            if (model.allows(row, replacing)) {
              apply();
              if (replacing !== undefined) model.rows.delete(replacing);
              model.rows.set(row[0] as number, row);
            } else {
              expect(apply).toThrow(ConstraintError);
              expect(tx.writes.length).toBe(before);
            }
          };
          if (step.kind === 'insert') {
            const row = [step.id, ...step.values];
            attempt(row, undefined, () => void tables.insert(tx, table, row, context));
          } else if (old !== undefined && step.kind === 'update') {
            const row = [step.to, ...step.values];
            attempt(row, step.id, () => void tables.update(tx, table, old, row));
          } else if (old !== undefined) {
            tables.delete(tx, table, old);
            model.rows.delete(step.id);
          }
        }
        const expected = [...model.rows.values()].sort((a, b) => (a[0] as number) - (b[0] as number));
        expect(rowsOf(tables, tx, table)).toEqual(expected);
        checkIndexes(tables, tx, table);
      }),
      propertyOptions(100),
    );
  });

  test('finds rows by key as each view has them', () => {
    const tables = openTables();
    const store = new ModelStore();
    const first = store.begin();
    const table = createTable(tables, first);
    tables.insert(first, table, [1, 'x', null, 5], context);
    const then = first.commit();
    const second = store.begin();
    tables.update(second, table, tables.getByKey(second, table, [1])!, [1, 'y', null, 5]);
    tables.createTable(second, { name: 'later', columns: [{ name: 'a', type: TEXT }] });
    second.commit();
    expect(tables.getByKey(store.view(then), table, [1])).toEqual([1, 'x', null, 5]);
    expect(tables.getByKey(store.view(), table, [1])).toEqual([1, 'y', null, 5]);
    expect(tables.getByKey(store.view(), table, [2])).toBeUndefined();
    expect(tables.resolve(store.view(), 'later').keyIsHidden).toBe(true);
    expect(() => tables.resolve(store.view(then), 'later')).toThrow('does not exist');
  });

  test('leaves out only what has a default', () => {
    const tables = openTables();
    const tx = new ModelStore().begin();
    const table = createTable(tables, tx);
    expect(tables.insert(tx, table, [1, undefined, undefined, undefined], context)).toEqual([1, null, null, null]);
    expect(() => tables.insert(tx, table, [undefined, 'x', 1, 1], context)).toThrow(ConstraintError);
  });
});
