/** How an entity's fields lie in its table: the same order for tables the ORM created, any order for others. */

import { InvalidArgumentError } from '../../base/index.js';
import type { SqlValue, Table } from '../../sql/index.js';
import type { EntityMetadata } from '../registry/entity-metadata.js';
import type { KeyValues } from './entity-key.js';
import type { EntityRow, NewEntityRow } from './entity-mapper.js';

export class TableLayout {
  readonly table: Table;
  /** Column position of each field; undefined when positions are equal. */
  readonly #columnOfField: readonly number[] | undefined;
  /** Place in the entity's key of each column of the table's key. */
  readonly #keyOrder: readonly number[];

  /** Throws `InvalidArgumentError` when the table lost a column that the entity needs. */
  constructor(entity: EntityMetadata, table: Table) {
    this.table = table;
    const positions = entity.fields.map(({ column }) => table.column(column)?.position ?? -1);
    const missing = entity.fields.filter((_, i) => positions[i] === -1).map(({ column }) => column);
    this.#keyOrder = table.primaryKey.columns.map(({ column }) =>
      entity.keyFields.findIndex((field) => field.column === column.name),
    );
    if (missing.length > 0 || this.#keyOrder.includes(-1)) throw strayed(entity, table, missing);
    const aligned = positions.length === table.columns.length && positions.every((position, i) => position === i);
    this.#columnOfField = aligned ? undefined : positions;
  }

  /** The key in the order that the table's primary key has. */
  tableKey(key: KeyValues): readonly SqlValue[] {
    return this.#keyOrder.length === 1 ? key : this.#keyOrder.map((i) => key[i]!);
  }

  /** Values of an insert in column order; may be the list it was given. */
  toTable(row: NewEntityRow): NewEntityRow {
    const positions = this.#columnOfField;
    if (positions === undefined) return row;
    const values: NewEntityRow = new Array<SqlValue | undefined>(this.table.columns.length).fill(undefined);
    for (let i = 0; i < positions.length; i++) values[positions[i]!] = row[i];
    return values;
  }

  /** Field values of a table's row; may be the list it was given. */
  fromTable(row: SqlValue[]): EntityRow {
    const positions = this.#columnOfField;
    return positions === undefined ? row : positions.map((position) => row[position]!);
  }

  /** A copy of the table's row with new field values. */
  merged(row: readonly SqlValue[], fields: EntityRow): SqlValue[] {
    const positions = this.#columnOfField;
    if (positions === undefined) return fields.slice();
    const values = row.slice();
    for (let i = 0; i < positions.length; i++) values[positions[i]!] = fields[i]!;
    return values;
  }
}

function strayed(entity: EntityMetadata, table: Table, missing: readonly string[]): InvalidArgumentError {
  const what = missing.length > 0 ? `has no column ${missing.join(', ')}` : 'has another primary key';
  return new InvalidArgumentError(`table "${table.name}" no longer fits the entity ${entity.name}: it ${what}`, {
    facts: { entity: entity.name, table: table.name, missing },
  });
}
