/** A statement that was parsed once and keeps its plan. It survives changes of the schema: it is then planned again. */

import type { SqlParameters } from './binder/parameters.js';
import type { SqlResult } from './execution/result.js';
import type { StatementPlans } from './statement-plans.js';
import type { QueryOptions, SqlTarget, StatementRunner } from './statement-runner.js';

/** What `run` says about a statement whose rows do not matter. */
export interface RunSummary {
  /** Rows selected or changed. */
  readonly count: number;
  readonly command: string;
}

type Row = Record<string, unknown>;

export interface ExecutionOptions extends QueryOptions {
  /** Default: a transaction of its own, or the newest state for a statement that only reads. */
  readonly target?: SqlTarget;
}

/** Every method throws what `SqlDatabase.run` throws; the …Sync twins do the same on this thread. */
export class PreparedStatement {
  readonly #plans: StatementPlans;
  readonly #runner: StatementRunner;

  constructor(plans: StatementPlans, runner: StatementRunner) {
    this.#plans = plans;
    this.#runner = runner;
  }

  /** Runs it, for its effect. */
  async run(parameters: SqlParameters = [], options: ExecutionOptions = {}): Promise<RunSummary> {
    const { count, command } = await this.all(parameters, options);
    return { count, command };
  }

  runSync(parameters: SqlParameters = [], options: ExecutionOptions = {}): RunSummary {
    const { count, command } = this.allSync(parameters, options);
    return { count, command };
  }

  /** All rows. */
  async all<R = Row>(parameters: SqlParameters = [], options: ExecutionOptions = {}): Promise<SqlResult<R>> {
    const result = await this.#runner.run({ plans: this.#plans, parameters, options }, options.target);
    return result as SqlResult<R>;
  }

  allSync<R = Row>(parameters: SqlParameters = [], options: ExecutionOptions = {}): SqlResult<R> {
    return this.#runner.runSync({ plans: this.#plans, parameters, options }, options.target) as SqlResult<R>;
  }

  /** The first row; undefined when there is none. */
  async get<R = Row>(parameters: SqlParameters = [], options: ExecutionOptions = {}): Promise<R | undefined> {
    const [row] = await this.all<R>(parameters, options);
    return row;
  }

  getSync<R = Row>(parameters: SqlParameters = [], options: ExecutionOptions = {}): R | undefined {
    return this.allSync<R>(parameters, options)[0];
  }

  /** Rows one by one, never all in memory at once. Without a target they are those of one snapshot, kept until the end. */
  async *iterate<R = Row>(
    parameters: SqlParameters = [],
    options: ExecutionOptions = {},
  ): AsyncGenerator<R, void, undefined> {
    if (!this.#plans.isReadOnly) {
      yield* await this.all<R>(parameters, options);
      return;
    }
    yield* this.iterateSync<R>(parameters, options);
  }

  *iterateSync<R = Row>(parameters: SqlParameters = [], options: ExecutionOptions = {}): Generator<R, void, undefined> {
    const call = { plans: this.#plans, parameters, options };
    yield* this.#runner.iterate(call, options.target) as Generator<R, void, undefined>;
  }
}
