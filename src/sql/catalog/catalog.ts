/** The schema as of one version: immutable, so that a plan made from it stays right for as long as the version is. */

import { SqlSemanticError } from '../../base/index.js';
import type { SourceSpan } from '../ast/index.js';
import { nearNames, suggestionText } from '../values/index.js';
import type { Index, Table } from './table.js';

export class Catalog {
  /** Never shared by two different schemas; 0 is the empty one of a new database. */
  readonly version: number;
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #indexes: ReadonlyMap<string, { readonly table: Table; readonly index: Index }>;

  constructor(version: number, tables: readonly Table[]) {
    this.version = version;
    this.#tables = new Map(tables.map((table) => [table.name, table]));
    this.#indexes = new Map(
      tables.flatMap((table) => [table.primaryKey, ...table.indexes].map((index) => [index.name, { table, index }])),
    );
  }

  tables(): Iterable<Table> {
    return this.#tables.values();
  }

  find(name: string): Table | undefined {
    return this.#tables.get(name);
  }

  /** Throws `SqlSemanticError` 42P01 with near names, 0A000 for PostgreSQL's system catalog. */
  resolve(name: string, span?: SourceSpan): Table {
    const table = this.#tables.get(name);
    if (table !== undefined) return table;
    if (name.startsWith('pg_')) {
      throw new SqlSemanticError(`table "${name}": there is no system catalog; the schema is not supported as tables`, {
        sqlState: '0A000',
        facts: { table: name, ...span },
      });
    }
    const near = nearNames(name, this.#tables.keys());
    throw new SqlSemanticError(`table "${name}" does not exist${suggestionText(near)}`, {
      sqlState: '42P01',
      facts: { table: name, near, ...span },
    });
  }

  findIndex(name: string): { readonly table: Table; readonly index: Index } | undefined {
    return this.#indexes.get(name);
  }

  /** Throws `SqlSemanticError` 42704 with near names. */
  resolveIndex(name: string, span?: SourceSpan): { readonly table: Table; readonly index: Index } {
    const found = this.#indexes.get(name);
    if (found !== undefined) return found;
    const near = nearNames(name, this.#indexes.keys());
    throw new SqlSemanticError(`index "${name}" does not exist${suggestionText(near)}`, {
      sqlState: '42704',
      facts: { index: name, near, ...span },
    });
  }

  /** True when a table or index has this name: they share one name space, as in PostgreSQL. */
  isTaken(name: string): boolean {
    return this.#tables.has(name) || this.#indexes.has(name);
  }
}
