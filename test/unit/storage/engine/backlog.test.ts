import { expect, test } from 'vitest';
import { flushFormat } from '../../../../src/storage/engine/backlog.js';

const FORMAT = { blockBytes: 4096, bloomBitsPerKey: 10, compression: 'lz4' } as const;

test('a flush that keeps up compresses, one that begins late does not', () => {
  expect(flushFormat(FORMAT, 1, 0)).toBe(FORMAT);
  expect(flushFormat(FORMAT, 1, 0.05)).toBe(FORMAT);
  expect(flushFormat(FORMAT, 1, 0.5)).toEqual({ ...FORMAT, compression: 'none' });
  expect(flushFormat(FORMAT, 2, 0)).toEqual({ ...FORMAT, compression: 'none' });
});
