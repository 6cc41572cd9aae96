/** DDL statements as programs. They look at the schema when they run: it may have changed since they were planned. */

import { SqlSemanticError } from '../../base/index.js';
import type { BoundExpression } from '../binder/bound-expression.js';
import type { BoundDefinition } from '../binder/bound-statement.js';
import { isPlainCall } from '../binder/definition-binder.js';
import type { ColumnSpecification } from '../catalog/table-definition.js';
import type { ColumnDefault } from '../catalog/table.js';
import { sameType, typeText } from '../values/index.js';
import { type Frame, writerOf } from './frame.js';
import { PlanCompiler } from './plan-compiler.js';
import type { Program } from './program.js';
import type { TableAccess } from './table-access.js';

export class DefinitionProgram implements Program {
  readonly command: string;
  readonly isReadOnly = false;
  readonly outputs = [];
  readonly #definition: BoundDefinition;
  readonly #tables: TableAccess;

  constructor(definition: BoundDefinition, tables: TableAccess) {
    this.command = definition.kind.replace('-', ' ').toUpperCase();
    this.#definition = definition;
    this.#tables = tables;
  }

  execute(frame: Frame): number {
    const definition = this.#definition;
    switch (definition.kind) {
      case 'create-table':
        this.#createTable(frame, definition);
        return 0;
      case 'create-index': {
        const { name } = definition.definition;
        const exists = name !== undefined && this.#catalog(frame).isTaken(name);
        if (!(definition.ifNotExists && exists)) this.#tables.createIndex(writerOf(frame), definition.definition);
        return 0;
      }
      case 'drop-table':
        for (const name of definition.names) {
          if (definition.ifExists && this.#catalog(frame).find(name) === undefined) continue;
          this.#tables.dropTable(writerOf(frame), name);
        }
        return 0;
      case 'drop-index':
        for (const name of definition.names) {
          if (definition.ifExists && this.#catalog(frame).findIndex(name) === undefined) continue;
          this.#tables.dropIndex(writerOf(frame), name);
        }
        return 0;
    }
  }

  #catalog(frame: Frame): ReturnType<TableAccess['catalog']> {
    return this.#tables.catalog(writerOf(frame));
  }

  #createTable(frame: Frame, statement: Extract<BoundDefinition, { kind: 'create-table' }>): void {
    const { definition, defaults, ifNotExists } = statement;
    if (ifNotExists && this.#catalog(frame).isTaken(definition.name)) return;
    const columns = definition.columns.map((column): ColumnSpecification => {
      const expression = defaults.get(column.name);
      return expression === undefined ? column : { ...column, defaultValue: defaultOf(column, expression, frame) };
    });
    this.#tables.createTable(writerOf(frame), { ...definition, columns });
  }
}

/** Calls without arguments are kept as calls; anything else is computed now. */
function defaultOf(
  { name, type }: ColumnSpecification,
  expression: BoundExpression,
  frame: Frame,
): ColumnDefault | undefined {
  if (isPlainCall(expression)) {
    const bothTimestamps = expression.type.name === 'timestamptz' && type.name === 'timestamp';
    if (sameType(expression.type, type) || bothTimestamps) return { kind: 'call', name: expression.name };
    throw new SqlSemanticError(
      `default of "${name}" must be ${typeText(type)}, but ${expression.name}() is ${typeText(expression.type)}`,
      { sqlState: '42804', facts: { columnName: name, expected: typeText(type), found: typeText(expression.type) } },
    );
  }
  const value = new PlanCompiler().expressions.compile(expression)(frame);
  return value === null ? undefined : { kind: 'constant', value };
}
