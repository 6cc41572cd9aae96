/**
 * Statements by shape, bounded: the newest half of the book always, the older half while it is there. Values are
 * parameters, so the shapes of a program are as few as its queries.
 */

import type { Statement } from '../../sql/index.js';

/** Statements with longer lists of values are rarely met again, and their shapes are long. */
const PARAMETERS_MAX = 32;
/** Of each half. */
const STATEMENTS_MAX = 128;

export class StatementBook {
  #newer = new Map<string, Statement>();
  #older = new Map<string, Statement>();

  /** The statement of this shape: plain data that says everything but the values of its parameters. */
  get(shape: unknown, parameterCount: number, build: () => Statement): Statement {
    if (parameterCount > PARAMETERS_MAX) return build();
    const key = JSON.stringify(shape);
    const known = this.#newer.get(key);
    if (known !== undefined) return known;
    const statement = this.#older.get(key) ?? build();
    if (this.#newer.size >= STATEMENTS_MAX) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(key, statement);
    return statement;
  }
}
