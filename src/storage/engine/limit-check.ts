/** What a commit may hold. A batch keeps its own account, so that nobody has to walk it for this. */

import { LimitError } from '../../base/index.js';
import type { WriteBatch } from '../write-batch.js';
import type { EngineOptions } from './engine-options.js';

/** Throws `LimitError` for a batch that is too large, or has a key or value that is. */
export function checkLimits(batch: WriteBatch, limits: EngineOptions['limits']): void {
  check('limits.batchBytes', batch.byteSize, limits.batchBytes);
  check('limits.keyBytes', batch.keyBytesMax, limits.keyBytes);
  check('limits.valueBytes', batch.valueBytesMax, limits.valueBytes);
}

function check(name: string, found: number, limit: number): void {
  if (found > limit) throw LimitError.exceeded(name, found, limit, 'bytes');
}
