/** The names a query can use: its tables in FROM, their columns, and everything that enclosing queries can use. */

import { SqlSemanticError } from '../../base/index.js';
import type { ColumnExpression, SourceSpan } from '../ast/index.js';
import type { Table } from '../catalog/table.js';
import { nearNames, suggestionText } from '../values/index.js';
import type { BoundSlot, Slot } from './bound-expression.js';

export interface ScopeColumn {
  readonly name: string;
  readonly expression: BoundSlot;
}

/** One table of FROM under the name it has there. */
export interface ScopeSource {
  readonly name: string;
  readonly columns: readonly ScopeColumn[];
  /** Undefined for a derived table. */
  readonly table: Table | undefined;
}

export class Scope {
  readonly sources: readonly ScopeSource[];
  readonly parent: Scope | undefined;
  /** Slots of enclosing scopes that were reached through this one. */
  readonly outerSlots: Set<Slot>;

  constructor(sources: readonly ScopeSource[], parent: Scope | undefined, outerSlots: Set<Slot> = new Set()) {
    this.sources = sources;
    this.parent = parent;
    this.outerSlots = outerSlots;
  }

  /** A scope of the same query with other sources. */
  with(sources: readonly ScopeSource[]): Scope {
    return new Scope(sources, this.parent, this.outerSlots);
  }

  /** True when an unqualified name is a column of this query's own tables. */
  hasColumn(name: string): boolean {
    return this.sources.some((source) => source.columns.some((column) => column.name === name));
  }

  /** The column a name means. Throws `SqlSemanticError`: 42703, 42P01, or 42702 when there are several. */
  resolve(column: ColumnExpression): BoundSlot {
    const found = this.#find(column);
    if (found !== undefined) return found;
    throw column.table === undefined ? this.#unknownColumn(column) : this.#unknownQualified(column, column.table);
  }

  /** The source of this name. Throws 42P01. */
  source(name: string, span?: SourceSpan): ScopeSource {
    const source = this.sources.find((candidate) => candidate.name === name);
    if (source === undefined) throw this.#unknownTable(name, span);
    return source;
  }

  #find(column: ColumnExpression): BoundSlot | undefined {
    const matches = this.sources
      .filter((source) => column.table === undefined || source.name === column.table)
      .flatMap((source) => source.columns.filter((candidate) => candidate.name === column.name));
    if (matches.length > 1) throw this.#ambiguous(column);
    if (matches.length === 1) return matches[0]!.expression;
    const outer = this.parent === undefined ? undefined : this.parent.#find(column);
    if (outer !== undefined) this.outerSlots.add(outer.slot);
    return outer;
  }

  #ambiguous({ name, span }: ColumnExpression): SqlSemanticError {
    const owners = this.sources.filter((source) => source.columns.some((candidate) => candidate.name === name));
    const choices = owners.map((source) => `${source.name}.${name}`);
    return new SqlSemanticError(`column "${name}" is ambiguous: ${choices.join(' or ')}?`, {
      sqlState: '42702',
      facts: { columnName: name, choices, ...span },
    });
  }

  #unknownColumn({ name, span }: ColumnExpression): SqlSemanticError {
    return unknownColumn(name, nearNames(name, new Set(this.#columnNames())), span);
  }

  #unknownQualified({ name, span }: ColumnExpression, table: string): SqlSemanticError {
    const source = this.#sourceNamed(table);
    if (source === undefined) return this.#unknownTable(table, span);
    const names = source.columns.map((column) => column.name);
    return unknownColumn(`${table}.${name}`, nearNames(name, names), span);
  }

  #sourceNamed(name: string): ScopeSource | undefined {
    const own = this.sources.find((source) => source.name === name);
    return own === undefined && this.parent !== undefined ? this.parent.#sourceNamed(name) : own;
  }

  #unknownTable(name: string, span: SourceSpan | undefined): SqlSemanticError {
    const near = nearNames(name, this.#sourceNames());
    return new SqlSemanticError(`"${name}" is not a table of this FROM clause${suggestionText(near)}`, {
      sqlState: '42P01',
      facts: { table: name, near, ...span },
    });
  }

  #sourceNames(): string[] {
    const own = this.sources.map((source) => source.name);
    return this.parent === undefined ? own : [...own, ...this.parent.#sourceNames()];
  }

  #columnNames(): string[] {
    const own = this.sources.flatMap((source) => source.columns.map((column) => column.name));
    return this.parent === undefined ? own : [...own, ...this.parent.#columnNames()];
  }
}

/** 42703; `near` are names that could have been meant. */
export function unknownColumn(name: string, near: readonly string[], span?: SourceSpan): SqlSemanticError {
  return new SqlSemanticError(`column "${name}" does not exist${suggestionText(near)}`, {
    sqlState: '42703',
    facts: { columnName: name, near, ...span },
  });
}
