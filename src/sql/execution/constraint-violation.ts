/** The errors of rows that would break a rule of their table. Messages name the rule, never the values. */

import { ConstraintError, SqlSemanticError } from '../../base/index.js';
import type { Column, Index, Table } from '../catalog/table.js';

/** 23505. */
export function duplicateKey(table: Table, index: Index): ConstraintError {
  const columns = index.columns.map(({ column }) => column.name);
  return new ConstraintError(
    `duplicate key in table "${table.name}": (${columns.join(', ')}) must be unique, says "${index.name}"`,
    { sqlState: '23505', facts: { table: table.name, constraint: index.name, columns } },
  );
}

/** 23502. */
export function nullInColumn(table: Table, column: Column): ConstraintError {
  return new ConstraintError(`null in column "${column.name}" of table "${table.name}", which is NOT NULL`, {
    sqlState: '23502',
    facts: { table: table.name, constraint: 'not null', columns: [column.name] },
  });
}

/** 428C9. */
export function generatedAlways(table: Table, column: Column): SqlSemanticError {
  return new SqlSemanticError(
    `column "${column.name}" of table "${table.name}" is GENERATED ALWAYS: leave it out or use DEFAULT`,
    { sqlState: '428C9', facts: { table: table.name, columnName: column.name } },
  );
}
