import { expect, test } from 'vitest';
import { copyOut } from '../../../src/storage/byte-copy.js';

test('copies are equal to their source and share no byte, whatever their length and wherever it begins', () => {
  for (const Memory of [ArrayBuffer, SharedArrayBuffer]) {
    const source = new Uint8Array(new Memory(20_000), 3);
    for (let i = 0; i < source.length; i++) source[i] = i * 7919;
    const copies: { readonly copy: Uint8Array; readonly expected: Uint8Array }[] = [];
    for (let i = 0; i < 3000; i++) {
      const [start, length] = [i % 23, [0, 1, 7, 8, 40, 41, 100, 255, 256, 257, 1000, 4096, 5000][i % 13]! + (i % 3)];
      copies.push({
        copy: copyOut(source, start, start + length),
        expected: Uint8Array.from(source).slice(start, start + length),
      });
    }
    for (const { copy, expected } of copies) expect(Buffer.compare(copy, expected)).toBe(0);
    // Each is its owner's to change.
    for (const [number, { copy }] of copies.entries()) copy.fill(number & 0xff);
    for (const [number, { copy }] of copies.entries())
      expect(copy.every((byte) => byte === (number & 0xff))).toBe(true);
  }
});
