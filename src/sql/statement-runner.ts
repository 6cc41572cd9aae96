/**
 * Runs planned statements on a target. The work of a statement is synchronous: it runs against one view in one go.
 * Without a target it gets a transaction of its own (or, when it only reads, the newest state), and never ends in a
 * conflict; with a transaction as target it joins it, and when it fails nothing of it remains there.
 */

import { ConflictError, SqlSemanticError } from '../base/index.js';
import type { ReadView, Savepoint, TransactionalStore, WriteView } from '../mvcc/index.js';
import type { Environment } from '../vfs/index.js';
import type { SqlParameters } from './binder/parameters.js';
import type { SchemaStore } from './catalog/schema-store.js';
import { ExecutionContext } from './execution/frame.js';
import { type QueryOptions, ResultBuilder, type SqlResult } from './execution/result.js';
import type { TableAccess } from './execution/table-access.js';
import type { SqlLimits } from './sql-options.js';
import type { StatementPlan, StatementPlans } from './statement-plans.js';

/** A transaction, as far as SQL needs to know. */
export interface WriteTarget extends WriteView {
  savepoint(): Savepoint;
}

/**
 * What a statement runs on. Undefined: a transaction of its own, retried after conflicts; a statement that only reads
 * takes the newest state instead. A transaction takes any statement, every other view only those that read.
 */
export type SqlTarget = ReadView | WriteTarget | undefined;

/** One call: what to run, with what, and how its rows should look. */
export interface StatementCall {
  readonly plans: StatementPlans;
  readonly parameters: SqlParameters;
  readonly options: QueryOptions;
}

export interface RunnerParts {
  readonly store: TransactionalStore;
  readonly schema: SchemaStore;
  readonly tables: TableAccess;
  readonly limits: SqlLimits;
  readonly environment: Environment;
}

const OPTIMISTIC_RETRIES = 2;

export class StatementRunner {
  readonly #parts: RunnerParts;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  async run(call: StatementCall, target: SqlTarget): Promise<SqlResult<unknown>> {
    if (target === undefined && !call.plans.isReadOnly) {
      return this.#autocommit(call);
    }
    return this.#runOn(call, target);
  }

  /**
   * Optimistic at first, so that statements of many callers share the work of committing. One that keeps losing then runs
   * from snapshot to commit on this thread, behind everything that is in flight: nobody can come between.
   */
  async #autocommit(call: StatementCall): Promise<SqlResult<unknown>> {
    try {
      return await this.#parts.store.transaction((tx) => this.#execute(call, tx, tx), {
        retries: OPTIMISTIC_RETRIES,
      });
    } catch (error) {
      if (!(error instanceof ConflictError && error.retryable)) throw error;
      return this.runSync(call, undefined);
    }
  }

  runSync(call: StatementCall, target: SqlTarget): SqlResult<unknown> {
    if (target === undefined && !call.plans.isReadOnly) {
      return this.#parts.store.transactionSync((tx) => this.#execute(call, tx, tx));
    }
    return this.#runOn(call, target);
  }

  /** Rows one by one. Without a target, a query runs on a snapshot that lives as long as the iteration. */
  *iterate(call: StatementCall, target: SqlTarget): Generator<unknown, void, undefined> {
    if (!call.plans.isReadOnly) {
      yield* this.runSync(call, target);
      return;
    }
    const snapshot = target === undefined ? this.#parts.store.snapshot() : undefined;
    try {
      yield* this.#stream(call, snapshot ?? target!);
    } finally {
      snapshot?.close();
    }
  }

  #runOn(call: StatementCall, target: SqlTarget): SqlResult<unknown> {
    if (call.plans.isReadOnly) {
      // Judged at one moment: a row and its index entries expire together.
      const view = (target ?? this.#parts.store.latest()).moment();
      return this.#execute(call, view, undefined);
    }
    if (target === undefined || !isWriteTarget(target)) throw notWritable(call.plans.statement.kind);
    const savepoint = target.savepoint();
    try {
      const result = this.#execute(call, target, target);
      savepoint.release();
      return result;
    } catch (error) {
      savepoint.rollback();
      throw error;
    }
  }

  #execute(call: StatementCall, view: ReadView, writer: WriteView | undefined): SqlResult<unknown> {
    const { plans, parameters, options } = call;
    const plan = this.#plan(plans, parameters, view);
    const frame = plan.frame(this.#context(view, writer), parameters);
    const { program, shape } = plan;
    const result = new ResultBuilder(shape, program.command, options.rowMode ?? 'object', this.#parts.limits);
    return result.finish(program.execute(frame, result.add));
  }

  *#stream({ plans, parameters, options }: StatementCall, view: ReadView): Generator<unknown, void, undefined> {
    const plan = this.#plan(plans, parameters, view);
    const { program, shape } = plan;
    const frame = plan.frame(this.#context(view, undefined), parameters);
    const mode = options.rowMode ?? 'object';
    if (program.open === undefined) {
      const rows: unknown[] = [];
      program.execute(frame, () => rows.push(shape.build(frame, mode)));
      yield* rows;
      return;
    }
    const source = program.open(frame);
    try {
      while (source.next()) yield shape.build(frame, mode);
    } finally {
      source.close();
    }
  }

  #plan(plans: StatementPlans, parameters: SqlParameters, view: ReadView): StatementPlan {
    return plans.planFor(this.#parts.schema.catalog(view), this.#parts.tables, parameters);
  }

  #context(view: ReadView, writer: WriteView | undefined): ExecutionContext {
    const { environment, limits } = this.#parts;
    return new ExecutionContext({
      view,
      writer,
      nowMs: environment.clock.nowMs(),
      memoryBytesMax: limits.memoryBytes,
    });
  }
}

function isWriteTarget(target: ReadView): target is WriteTarget {
  return 'put' in target && 'savepoint' in target;
}

/** 25006. */
function notWritable(kind: string): SqlSemanticError {
  const statement = kind.replace('-', ' ').toUpperCase();
  return new SqlSemanticError(`cannot execute ${statement} on a view that only reads`, {
    sqlState: '25006',
    facts: { statement },
  });
}
