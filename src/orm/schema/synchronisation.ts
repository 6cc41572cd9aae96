/**
 * Brings the schema up to what the registered entities say: missing tables and indexes are created in one transaction. A
 * table that is there must be exactly the entity's; changing one is the business of migrations.
 */

import { InvalidArgumentError } from '../../base/index.js';
import type { ReadView, Transaction, TransactionalStore } from '../../mvcc/index.js';
import { type Table, type TableDefinition, typeText } from '../../sql/index.js';
import type { OrmCore } from '../core.js';
import type { EntityMetadata, FieldMetadata, IndexMetadata } from '../registry/entity-metadata.js';

/** What one entity lacks in the schema. */
interface Missing {
  readonly entity: EntityMetadata;
  readonly table: boolean;
  readonly indexes: readonly IndexMetadata[];
}

/** In what the schema is not what the entities say. */
interface Differences {
  /** As sentences. */
  readonly found: string[];
  /** What must be dropped before what is declared can be created: `TABLE users`. */
  readonly inTheWay: string[];
}

/** Throws `InvalidArgumentError` listing every difference (`facts.differences`); nothing is changed then. */
export async function synchroniseSchema(core: OrmCore, store: TransactionalStore): Promise<void> {
  if (compare(core, store.latest()).length === 0) return;
  await store.transaction((tx) => {
    for (const missing of compare(core, tx)) create(core, tx, missing);
  });
}

function compare(core: OrmCore, view: ReadView): Missing[] {
  const catalog = core.sql.tables.catalog(view);
  const differences: Differences = { found: [], inTheWay: [] };
  const missing: Missing[] = [];
  for (const entity of core.registry.entities) {
    const table = catalog.find(entity.table);
    if (table === undefined) {
      missing.push({ entity, table: true, indexes: entity.indexes });
      continue;
    }
    const found = tableDifferences(entity, table);
    differences.found.push(...found);
    if (found.length > 0) differences.inTheWay.push(`TABLE ${quoted(entity.table)}`);
    // Indexes go with their table.
    const ofIndexes = found.length > 0 ? { ...differences, inTheWay: [] } : differences;
    const indexes = entity.indexes.filter((index) => !hasIndex(table, index, ofIndexes));
    if (indexes.length > 0) missing.push({ entity, table: false, indexes });
  }
  if (differences.found.length > 0) throw unlike(differences);
  return missing;
}

function create({ sql }: OrmCore, tx: Transaction, { entity, table, indexes }: Missing): void {
  if (table) sql.tables.createTable(tx, tableDefinition(entity));
  for (const { name, unique, columns } of indexes) {
    sql.tables.createIndex(tx, {
      name,
      table: entity.table,
      unique,
      columns: columns.map((column) => ({ name: column })),
    });
  }
}

function tableDefinition(entity: EntityMetadata): TableDefinition {
  return {
    name: entity.table,
    columns: entity.fields.map(({ column, type, nullable, defaultValue, generated }) => ({
      name: column,
      type,
      nullable,
      defaultValue: defaultValue === undefined ? undefined : { kind: 'constant', value: defaultValue },
      generated: generated === 'increment' ? 'by-default' : undefined,
    })),
    primaryKey: { columns: entity.keyFields.map((field) => field.column) },
  };
}

/** Every way in which the table is not the entity's, as sentences. */
function tableDifferences(entity: EntityMetadata, table: Table): string[] {
  const differences = entity.fields.flatMap((field) => columnDifferences(field, table));
  const declared = new Set(entity.fields.map((field) => field.column));
  for (const column of table.visibleColumns) {
    if (!declared.has(column.name)) {
      differences.push(`table ${table.name} has a column ${column.name} that ${entity.name} does not declare`);
    }
  }
  const key = table.keyIsHidden ? [] : table.primaryKey.columns.map(({ column }) => column.name);
  const wanted = entity.keyFields.map((field) => field.column);
  if (key.toSorted().join() !== wanted.toSorted().join()) {
    const found = key.length === 0 ? 'no primary key' : `the primary key (${key.join(', ')})`;
    differences.push(`table ${table.name} has ${found}, ${entity.name} declares (${wanted.join(', ')})`);
  }
  return differences;
}

function columnDifferences(field: FieldMetadata, table: Table): string[] {
  const column = table.column(field.column);
  const place = `column ${table.name}.${field.column}`;
  if (column === undefined) return [`${place} of ${field.place} is missing`];
  const differences: string[] = [];
  const differ = (found: string, wanted: string): void => {
    if (found !== wanted) differences.push(`${place} is ${found}, ${field.place} declares ${wanted}`);
  };
  differ(typeText(column.type), typeText(field.type));
  differ(column.nullable ? 'nullable' : 'not null', field.nullable ? 'nullable' : 'not null');
  differ(
    column.generated === undefined ? 'not generated' : 'generated',
    field.generated === 'increment' ? 'generated' : 'not generated',
  );
  return differences;
}

/**
 * An index over the same columns serves, whatever its name; the wrong one under the same name is a difference, and in
 * the way.
 */
function hasIndex(table: Table, wanted: IndexMetadata, differences: Differences): boolean {
  const describe = (columns: readonly string[], unique: boolean): string =>
    `${unique ? 'unique ' : ''}(${columns.join(', ')})`;
  const description = describe(wanted.columns, wanted.unique);
  for (const index of table.indexes) {
    const found = describe(
      index.columns.map(({ column }) => column.name),
      index.unique,
    );
    if (found === description) return true;
    if (index.name === wanted.name) {
      differences.found.push(
        `index ${wanted.name} of table ${table.name} is over ${found}, declared is ${description}`,
      );
      differences.inTheWay.push(`INDEX ${quoted(wanted.name)}`);
      return true;
    }
  }
  return false;
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name}"`;
}

/** Tables are created, never altered: the message says what remains to be done by hand. */
function unlike({ found, inTheWay }: Differences): InvalidArgumentError {
  const list = found.map((text) => `  - ${text}`).join('\n');
  const drops = inTheWay.map((what) => `DROP ${what}`).join('; ');
  return new InvalidArgumentError(
    `the schema is not what the entities say; nothing was changed:\n${list}\n` +
      'What is stored is not altered: change the classes back, or open the database without entities, ' +
      `copy the rows to keep, ${drops}, and open it with the entities again`,
    { facts: { differences: found, inTheWay } },
  );
}
