/** A statement that was parsed once and keeps its plan. It survives changes of the schema: it is then planned again. */

import type { SqlParameters } from './binder/parameters.js';
import { checkCall, NO_OPTIONS, NO_PARAMETERS } from './call-arguments.js';
import type { ArrayRowOptions, ObjectRowOptions, QueryOptions, SqlResult } from './execution/result.js';
import type { StatementPlans } from './statement-plans.js';
import type { SqlTarget, StatementCall, StatementRunner } from './statement-runner.js';

/** What `run` says about a statement whose rows do not matter. */
export interface RunSummary {
  /** Rows selected or changed. */
  readonly count: number;
  readonly command: string;
}

type Row = Record<string, unknown>;

/**
 * Runs where it was prepared: in the transaction or on the snapshot whose `prepare` made it, and as statements of their
 * own when it was the database's. Every method throws what `SqlDatabase.run` throws; the …Sync twins do the same on this
 * thread.
 */
export class PreparedStatement {
  readonly #plans: StatementPlans;
  readonly #runner: StatementRunner;
  readonly #target: SqlTarget;

  constructor(plans: StatementPlans, runner: StatementRunner, target: SqlTarget) {
    this.#plans = plans;
    this.#runner = runner;
    this.#target = target;
  }

  /** Runs it, for its effect. */
  async run(parameters?: SqlParameters, options?: QueryOptions): Promise<RunSummary> {
    const { count, command } = await this.#runner.run(this.#call(parameters, options), this.#target);
    return { count, command };
  }

  runSync(parameters?: SqlParameters, options?: QueryOptions): RunSummary {
    const { count, command } = this.#runner.runSync(this.#call(parameters, options), this.#target);
    return { count, command };
  }

  /** All rows. */
  async all<R extends readonly unknown[] = unknown[]>(
    parameters: SqlParameters | undefined,
    options: ArrayRowOptions,
  ): Promise<SqlResult<R>>;
  async all<R = Row>(parameters?: SqlParameters, options?: ObjectRowOptions): Promise<SqlResult<R>>;
  async all(parameters?: SqlParameters, options?: QueryOptions): Promise<SqlResult<unknown>> {
    return this.#runner.run(this.#call(parameters, options), this.#target);
  }

  allSync<R extends readonly unknown[] = unknown[]>(
    parameters: SqlParameters | undefined,
    options: ArrayRowOptions,
  ): SqlResult<R>;
  allSync<R = Row>(parameters?: SqlParameters, options?: ObjectRowOptions): SqlResult<R>;
  allSync(parameters?: SqlParameters, options?: QueryOptions): SqlResult<unknown> {
    return this.#runner.runSync(this.#call(parameters, options), this.#target);
  }

  /** The first row; undefined when there is none. */
  async get<R extends readonly unknown[] = unknown[]>(
    parameters: SqlParameters | undefined,
    options: ArrayRowOptions,
  ): Promise<R | undefined>;
  async get<R = Row>(parameters?: SqlParameters, options?: ObjectRowOptions): Promise<R | undefined>;
  async get(parameters?: SqlParameters, options?: QueryOptions): Promise<unknown> {
    const [row] = await this.#runner.run(this.#call(parameters, options), this.#target);
    return row;
  }

  getSync<R extends readonly unknown[] = unknown[]>(
    parameters: SqlParameters | undefined,
    options: ArrayRowOptions,
  ): R | undefined;
  getSync<R = Row>(parameters?: SqlParameters, options?: ObjectRowOptions): R | undefined;
  getSync(parameters?: SqlParameters, options?: QueryOptions): unknown {
    return this.#runner.runSync(this.#call(parameters, options), this.#target)[0];
  }

  /** Rows one by one, never all in memory at once. On the database they are those of one snapshot, kept until the end. */
  iterate<R extends readonly unknown[] = unknown[]>(
    parameters: SqlParameters | undefined,
    options: ArrayRowOptions,
  ): AsyncGenerator<R, void, undefined>;
  iterate<R = Row>(parameters?: SqlParameters, options?: ObjectRowOptions): AsyncGenerator<R, void, undefined>;
  async *iterate(parameters?: SqlParameters, options?: QueryOptions): AsyncGenerator<unknown, void, undefined> {
    const call = this.#call(parameters, options);
    if (this.#plans.isReadOnly) yield* this.#runner.iterate(call, this.#target);
    else yield* await this.#runner.run(call, this.#target);
  }

  iterateSync<R extends readonly unknown[] = unknown[]>(
    parameters: SqlParameters | undefined,
    options: ArrayRowOptions,
  ): Generator<R, void, undefined>;
  iterateSync<R = Row>(parameters?: SqlParameters, options?: ObjectRowOptions): Generator<R, void, undefined>;
  iterateSync(parameters?: SqlParameters, options?: QueryOptions): Generator<unknown, void, undefined> {
    return this.#runner.iterate(this.#call(parameters, options), this.#target);
  }

  #call(parameters: SqlParameters = NO_PARAMETERS, options: QueryOptions = NO_OPTIONS): StatementCall {
    checkCall(parameters, options);
    return { plans: this.#plans, parameters, options };
  }
}
