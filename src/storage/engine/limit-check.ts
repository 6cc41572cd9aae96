/** What a commit may hold. A batch keeps its own account, so that nobody has to walk it for this. */

import { LimitError } from '../../base/index.js';
import type { WriteBatch } from '../write-batch.js';

export interface EntryLimits {
  readonly keyBytes: number;
  readonly valueBytes: number;
}

/** Throws `LimitError` for a batch that is too large, or has a key or value that is. */
export function checkLimits(batch: WriteBatch, limits: EntryLimits & { readonly batchBytes: number }): void {
  check('limits.batchBytes', batch.byteSize, limits.batchBytes);
  checkEntry(limits, batch.keyBytesMax, batch.valueBytesMax);
}

/** Throws `LimitError` for a key or value that is too large. */
export function checkEntry(limits: EntryLimits, keyBytes: number, valueBytes: number): void {
  check('limits.keyBytes', keyBytes, limits.keyBytes);
  check('limits.valueBytes', valueBytes, limits.valueBytes);
}

function check(name: string, found: number, limit: number): void {
  if (found > limit) throw LimitError.exceeded(name, found, limit, 'bytes');
}
