/** Refuses keys and values beyond the limits, before anything of their batch is written. */

import { LimitError } from '../../base/index.js';
import type { BatchVisitor } from '../write-batch.js';
import type { EngineOptions } from './engine-options.js';

/** Throws `LimitError` for the first operation of a batch that is too large. */
export function limitCheck(limits: EngineOptions['limits']): BatchVisitor {
  return (_kind, _bytes, keyStart, keyEnd, valueStart, valueEnd) => {
    if (keyEnd - keyStart > limits.keyBytes) {
      throw LimitError.exceeded('limits.keyBytes', keyEnd - keyStart, limits.keyBytes, 'bytes');
    }
    if (valueEnd - valueStart > limits.valueBytes) {
      throw LimitError.exceeded('limits.valueBytes', valueEnd - valueStart, limits.valueBytes, 'bytes');
    }
  };
}
