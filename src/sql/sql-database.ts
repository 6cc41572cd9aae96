/** SQL on a transactional store: the door to this layer. Owns the schema, the sequences and the statement cache. */

import type { TransactionalStore } from '../mvcc/index.js';
import { WriteBatch } from '../storage/index.js';
import type { Environment } from '../vfs/index.js';
import type { Statement } from './ast/index.js';
import type { SqlParameters } from './binder/parameters.js';
import { checkCall, checkStatement, checkText, NO_OPTIONS, NO_PARAMETERS } from './call-arguments.js';
import { SchemaStore } from './catalog/schema-store.js';
import { Sequences } from './catalog/sequences.js';
import type { ArrayRowOptions, ObjectRowOptions, QueryOptions, SqlResult } from './execution/result.js';
import { TableAccess } from './execution/table-access.js';
import { parseScript, parseStatement } from './parser/parse.js';
import { PreparedStatement } from './prepared-statement.js';
import { DEFAULT_SQL_LIMITS, DEFAULT_STATEMENT_CACHE_SIZE, type SqlLimits, type SqlOptions } from './sql-options.js';
import { StatementCache } from './statement-cache.js';
import { StatementPlans } from './statement-plans.js';
import { type SqlTarget, type StatementCall, StatementRunner } from './statement-runner.js';

type Row = Record<string, unknown>;

export class SqlDatabase {
  /** Rows, indexes and schema for programs: the same path that statements take. */
  readonly tables: TableAccess;
  readonly #limits: SqlLimits;
  readonly #sequences: Sequences;
  readonly #runner: StatementRunner;
  readonly #byText: StatementCache;
  /** Statements that were built rather than written. */
  readonly #byNode = new WeakMap<Statement, StatementPlans>();

  constructor(store: TransactionalStore, options: SqlOptions, environment: Environment) {
    this.#limits = { ...DEFAULT_SQL_LIMITS, ...options.limits };
    this.#byText = new StatementCache(options.statementCacheSize ?? DEFAULT_STATEMENT_CACHE_SIZE);
    this.#sequences = new Sequences({
      read: (key) => store.latest().get(key),
      write: (key, value) => {
        const batch = new WriteBatch();
        batch.put(key, value);
        // Later commits stand behind it in the log: whenever one of them survives a crash, so does this.
        store.writeSync(batch, { durability: 'buffered' });
      },
    });
    const schema = new SchemaStore(this.#sequences);
    this.tables = new TableAccess(schema, this.#sequences);
    this.#runner = new StatementRunner({ store, schema, tables: this.tables, limits: this.#limits, environment });
  }

  /**
   * Runs one statement, as text or as a tree made by the factories of this layer. Throws `SqlSyntaxError`,
   * `SqlSemanticError`, `ConstraintError`, `LimitError`, `InvalidArgumentError`, and what the transaction throws.
   */
  async run<R extends readonly unknown[] = unknown[]>(
    statement: string | Statement,
    parameters: SqlParameters | undefined,
    target: SqlTarget,
    options: ArrayRowOptions,
  ): Promise<SqlResult<R>>;
  async run<R = Row>(
    statement: string | Statement,
    parameters?: SqlParameters,
    target?: SqlTarget,
    options?: ObjectRowOptions,
  ): Promise<SqlResult<R>>;
  async run(
    statement: string | Statement,
    parameters?: SqlParameters,
    target?: SqlTarget,
    options?: QueryOptions,
  ): Promise<SqlResult<unknown>> {
    return this.#runner.run(this.#call(statement, parameters, options), target);
  }

  /** The same on this thread. */
  runSync<R extends readonly unknown[] = unknown[]>(
    statement: string | Statement,
    parameters: SqlParameters | undefined,
    target: SqlTarget,
    options: ArrayRowOptions,
  ): SqlResult<R>;
  runSync<R = Row>(
    statement: string | Statement,
    parameters?: SqlParameters,
    target?: SqlTarget,
    options?: ObjectRowOptions,
  ): SqlResult<R>;
  runSync(
    statement: string | Statement,
    parameters?: SqlParameters,
    target?: SqlTarget,
    options?: QueryOptions,
  ): SqlResult<unknown> {
    return this.#runner.runSync(this.#call(statement, parameters, options), target);
  }

  /**
   * Parses a statement, to be run many times on `target`; without one, as a statement of its own each time. Throws
   * `SqlSyntaxError`; names are looked up when it runs.
   */
  prepare(text: string, target?: SqlTarget): PreparedStatement {
    checkText(text);
    return new PreparedStatement(this.#plansOf(text), this.#runner, target);
  }

  /**
   * Runs the statements of a script one after the other. Without a target each has a transaction of its own. The first
   * error ends the script; nothing runs at all when the text does not parse.
   */
  async script(text: string, target?: SqlTarget): Promise<SqlResult[]> {
    checkText(text);
    const results: SqlResult[] = [];
    for (const { statement } of parseScript(text, this.#limits)) {
      const call = { plans: new StatementPlans(statement, text), parameters: NO_PARAMETERS, options: NO_OPTIONS };
      // oxlint-disable-next-line no-await-in-loop -- statements of a script depend on those before them
      results.push((await this.#runner.run(call, target)) as SqlResult);
    }
    return results;
  }

  /** Gives back reserved numbers of generated columns. Call once, when no transaction is open any more. */
  close(): void {
    this.#sequences.release();
  }

  #call(
    statement: string | Statement,
    parameters: SqlParameters = NO_PARAMETERS,
    options: QueryOptions = NO_OPTIONS,
  ): StatementCall {
    checkStatement(statement);
    checkCall(parameters, options);
    return { plans: this.#plansOf(statement), parameters, options };
  }

  #plansOf(statement: string | Statement): StatementPlans {
    if (typeof statement === 'string') {
      const known = this.#byText.get(statement);
      if (known !== undefined) return known;
      const plans = new StatementPlans(parseStatement(statement, this.#limits), statement);
      this.#byText.add(statement, plans);
      return plans;
    }
    let plans = this.#byNode.get(statement);
    if (plans === undefined) this.#byNode.set(statement, (plans = new StatementPlans(statement)));
    return plans;
  }
}
