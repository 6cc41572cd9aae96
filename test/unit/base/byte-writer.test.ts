import { expect, test } from 'vitest';
import { ByteWriter } from '../../../src/base/index.js';

test('the view of what was written shows the memory that is written to, also after this has moved', () => {
  const writer = new ByteWriter(4);
  writer.u32(1);
  expect([...writer.bytes()]).toEqual([1, 0, 0, 0]);
  writer.reset();
  writer.u32(2);
  expect([...writer.bytes()]).toEqual([2, 0, 0, 0]);
  // Grows, and shrinks back to the length that was seen before.
  writer.u32(3);
  writer.reset(4);
  writer.patchU32(0, 4);
  expect([...writer.bytes()]).toEqual([4, 0, 0, 0]);
});

test('the view is not that of memory which was given up because one record had made it large', () => {
  const writer = new ByteWriter(16);
  writer.raw(new Uint8Array(5 * 1024 * 1024));
  writer.reset(1);
  expect(writer.bytes().length).toBe(1);
  writer.reset();
  writer.u8(7);
  expect([...writer.bytes()]).toEqual([7]);
});
