/** The FROM clause: tables and derived tables get slots and names, joins get their conditions. */

import { SqlSemanticError } from '../../base/index.js';
import type { JoinedTable, NamedTable, TableReference } from '../ast/index.js';
import type { Table } from '../catalog/table.js';
import type { LogicalNode, ScanNode } from '../plan/logical-plan.js';
import type { BoundSlot } from './bound-expression.js';
import { ExpressionBinder } from './expression-binder.js';
import { conjunctsOf } from './expression-traversal.js';
import type { Scope, ScopeSource } from './scope.js';
import type { StatementContext } from './statement-context.js';

export interface BoundFrom {
  readonly node: LogicalNode;
  readonly sources: readonly ScopeSource[];
}

/** `scope` is that of the query, still without sources. Throws `SqlSemanticError` 42712 for a name used twice. */
export function bindFrom(context: StatementContext, reference: TableReference, scope: Scope): BoundFrom {
  switch (reference.kind) {
    case 'table': {
      const { scan, source } = bindTable(context, reference);
      return { node: scan, sources: [source] };
    }
    case 'join':
      return bindJoin(context, reference, scope);
    case 'derived-table': {
      const query = context.bindQuery(context, reference.query, scope.parent);
      for (const slot of query.outerSlots) scope.outerSlots.add(slot);
      const columns = query.outputs.map((output) => ({
        name: output.name,
        expression: labelled(`${reference.alias}.${output.name}`, output),
      }));
      return { node: query.node, sources: [{ name: reference.alias, columns, table: undefined }] };
    }
  }
}

function labelled(label: string, { type, slot, nullable }: Omit<BoundSlot, 'kind' | 'label'>): BoundSlot {
  return { kind: 'slot', type, slot, nullable, label };
}

/** A scan of the named table with a new slot for each of its columns. */
export function bindTable(context: StatementContext, reference: NamedTable): { scan: ScanNode; source: ScopeSource } {
  const table = context.catalog.resolve(reference.name, reference.span);
  const name = reference.alias ?? reference.name;
  const slots = table.columns.map(() => context.newSlot());
  return {
    scan: { kind: 'scan', table, alias: name, slots, conditions: [] },
    source: { name, columns: tableColumns(table, name, slots), table },
  };
}

/** The visible columns of a table whose values are in `slots`. */
export function tableColumns(table: Table, name: string, slots: readonly number[]): ScopeSource['columns'] {
  return table.visibleColumns.map(({ name: columnName, type, nullable, position }) => ({
    name: columnName,
    expression: labelled(`${name}.${columnName}`, { type, slot: slots[position]!, nullable }),
  }));
}

function bindJoin(context: StatementContext, join: JoinedTable, scope: Scope): BoundFrom {
  const left = bindFrom(context, join.left, scope);
  const right = bindFrom(context, join.right, scope);
  const sources = [...left.sources, ...right.sources];
  checkNames(sources, join);
  const visible = scope.with(sources);
  const condition =
    join.on === undefined ? undefined : new ExpressionBinder(context, visible, { clause: 'ON' }).condition(join.on);
  return {
    node: {
      kind: 'join',
      join: join.join === 'left' ? 'left' : 'inner',
      left: left.node,
      right: right.node,
      conditions: condition === undefined ? [] : conjunctsOf(condition),
    },
    sources: join.join === 'left' ? [...left.sources, ...right.sources.map(asNullable)] : sources,
  };
}

/** What a LEFT JOIN makes of the columns on its right. */
function asNullable(source: ScopeSource): ScopeSource {
  return {
    ...source,
    columns: source.columns.map(({ name, expression }) => ({ name, expression: { ...expression, nullable: true } })),
  };
}

function checkNames(sources: readonly ScopeSource[], { span }: JoinedTable): void {
  const seen = new Set<string>();
  for (const { name } of sources) {
    if (seen.has(name)) {
      throw new SqlSemanticError(`table name "${name}" is used more than once: give one of them an alias`, {
        sqlState: '42712',
        facts: { table: name, ...span },
      });
    }
    seen.add(name);
  }
}
