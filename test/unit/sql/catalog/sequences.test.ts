import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type SequenceStorage, Sequences } from '../../../../src/sql/catalog/sequences.js';
import { propertyOptions } from '../../../support/seed.js';

class MapStorage implements SequenceStorage {
  readonly marks = new Map<string, Uint8Array>();
  writes = 0;

  read(key: Uint8Array): Uint8Array | undefined {
    return this.marks.get(key.join());
  }

  write(key: Uint8Array, value: Uint8Array): void {
    this.writes++;
    this.marks.set(key.join(), value);
  }
}

describe('sequences', () => {
  test('count from 1, each for itself', () => {
    const sequences = new Sequences(new MapStorage());
    expect([1, 2, 2, 1].map((id) => sequences.next(id))).toEqual([1, 1, 2, 2]);
  });

  test('never repeat a number or meet a noted one, across deaths and clean restarts', () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.constant('next' as const) },
      { weight: 2, arbitrary: fc.integer({ min: -5, max: 200 }) },
      { weight: 1, arbitrary: fc.constantFrom('die' as const, 'close' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const storage = new MapStorage();
        let sequences = new Sequences(storage);
        let greatest = 0;
        for (const action of steps) {
          if (action === 'next') {
            const number = sequences.next(5);
            expect(number).toBeGreaterThan(greatest);
            greatest = number;
          } else if (typeof action === 'number') {
            sequences.note(5, action);
            greatest = Math.max(greatest, action);
          } else {
            if (action === 'close') sequences.release();
            sequences = new Sequences(storage);
          }
        }
      }),
      propertyOptions(200),
    );
  });

  test('a clean restart leaves no gap', () => {
    const storage = new MapStorage();
    const before = new Sequences(storage);
    for (let i = 0; i < 20; i++) before.next(1);
    before.release();
    expect(new Sequences(storage).next(1)).toBe(21);
  });

  test('many numbers take few writes', () => {
    const storage = new MapStorage();
    const sequences = new Sequences(storage);
    for (let i = 0; i < 100_000; i++) sequences.next(1);
    expect(storage.writes).toBeLessThan(40);
  });

  test('numbers that no counter reaches are not noted', () => {
    const sequences = new Sequences(new MapStorage());
    sequences.note(1, 2n ** 60n);
    sequences.note(1, -3);
    expect(sequences.next(1)).toBe(1);
  });
});
