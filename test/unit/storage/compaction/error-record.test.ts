import { describe, expect, test } from 'vitest';
import {
  ClosedError,
  CorruptionError,
  InvalidArgumentError,
  InvariantError,
  IoError,
  LimitError,
} from '../../../../src/base/index.js';
import { decodeError, encodeError } from '../../../../src/storage/compaction/error-record.js';

/** What arrives on another thread. */
function sent(error: unknown): unknown {
  return decodeError(structuredClone(encodeError(error)));
}

describe('an error sent to another thread', () => {
  test.each([
    new IoError({ operation: 'write', path: '/db/000001.tbl', errno: 'ENOSPC', cause: new Error('no space') }),
    CorruptionError.at('000001.tbl', 17, { expected: 'a checksum', found: 'another' }, new TypeError('inner')),
    new ClosedError('it is closed', { facts: { path: 'x' } }),
    new InvalidArgumentError('no codec', { sqlState: '22023', retryable: true }),
    LimitError.exceeded('limits.keyBytes', 5, 4, 'bytes'),
    new InvariantError('invariant broken: never'),
    new RangeError('of the language'),
  ])('keeps its class and everything it says: $name', (error) => {
    const arrived = sent(error) as Error;
    expect(arrived).toBeInstanceOf(error.constructor);
    expect(arrived).toEqual(error);
    expect({ ...arrived }).toEqual({ ...error });
    expect(arrived.stack).toBe(error.stack);
    expect(arrived.cause).toEqual(error.cause);
  });

  test('need not be an error', () => {
    expect(sent('text')).toBe('text');
  });
});
