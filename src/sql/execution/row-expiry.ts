/** When the rows that a statement writes end. */

import { InvalidArgumentError } from '../../base/index.js';
import { expiryFrom } from '../../mvcc/index.js';
import type { BoundExpiry } from '../binder/bound-statement.js';
import { badExpiry } from '../values/index.js';
import { type Evaluate, type Frame, writerOf } from './frame.js';
import type { PlanCompiler } from './plan-compiler.js';

/** Milliseconds since the epoch; null: it does not end; undefined: as it was, which for a new row is the same. */
export type RowExpiry = number | null | undefined;

/** `USING TTL` or `USING EXPIRY`, once per statement. */
export class ExpirySource {
  readonly #unit: BoundExpiry['unit'];
  readonly #evaluate: Evaluate | undefined;

  constructor(expiry: BoundExpiry | undefined, compiler: PlanCompiler) {
    this.#unit = expiry?.unit ?? 'ttl';
    this.#evaluate = expiry && compiler.expressions.compile(expiry.expression);
  }

  /** Throws `SqlSemanticError` 22023 for an end that is past, or no time at all. */
  rowExpiry(frame: Frame): RowExpiry {
    if (this.#evaluate === undefined) return undefined;
    const value = this.#evaluate(frame) as number | null;
    if (value === null) return null;
    const options = this.#unit === 'ttl' ? { ttlMs: value * 1000 } : { expiresAt: value };
    try {
      return expiryFrom(options, () => writerOf(frame).nowMs());
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw badExpiry(this.#unit, value, error);
    }
  }
}
