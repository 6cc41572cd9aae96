/** Tables for tests of the catalog. */

import { Table, type TableParts } from '../../../../src/sql/catalog/table.js';
import { INTEGER, TIMESTAMPTZ, varchar } from '../../../../src/sql/values/index.js';

export const plainColumn: Omit<TableParts['columns'][number], 'name' | 'type'> = {
  nullable: true,
  hidden: false,
  defaultValue: undefined,
  generated: undefined,
  sequenceId: undefined,
};

export const userTable = new Table({
  id: 3,
  name: 'user',
  nextIndexId: 2,
  columns: [
    { ...plainColumn, name: 'id', type: INTEGER, nullable: false, generated: 'by-default', sequenceId: 2 },
    { ...plainColumn, name: 'city', type: varchar(20), defaultValue: { kind: 'constant', value: 'Rome' } },
    { ...plainColumn, name: 'at', type: TIMESTAMPTZ, defaultValue: { kind: 'call', name: 'now' } },
  ],
  indexes: [
    { id: 0, name: 'user_pkey', unique: true, constraint: true, columns: [{ position: 0, descending: false }] },
    { id: 1, name: 'user_city_idx', unique: false, constraint: false, columns: [{ position: 1, descending: true }] },
  ],
});
