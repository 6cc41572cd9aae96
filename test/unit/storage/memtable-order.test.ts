import { expect, test } from 'vitest';
import { compareBytes, type Random, randomBelow, seededRandom } from '../../../src/base/index.js';
import { EntryKind, Memtable } from '../../../src/storage/index.js';
import { seed } from '../../support/seed.js';
import { bytes, drainAll } from './fixtures.js';

/** The keys that a memtable shows when `keys` were added in this order, each with its timestamp. */
function shown(keys: readonly Uint8Array[]): (readonly [Uint8Array, number])[] {
  const memtable = new Memtable({ initialBytes: 256, shared: false });
  for (const [i, key] of keys.entries()) memtable.add(key, i + 1, EntryKind.Put, bytes('value'));
  return drainAll(memtable.cursor()).map(({ key, timestamp }) => [bytes(key), timestamp]);
}

function sorted(keys: readonly Uint8Array[]): (readonly [Uint8Array, number])[] {
  const entries = keys.map((key, i) => [key, i + 1] as const);
  return entries.toSorted((a, b) => compareBytes(a[0], b[0]) || b[1] - a[1]);
}

/** Keys of a kind: random ones, and such as agree where a sort would look first. */
const KINDS: Record<string, (random: Random, i: number) => string> = {
  'random letters': (random) => letters(random, 1 + randomBelow(random, 12)),
  'of one letter, of all lengths': (random) => 'a'.repeat(1 + randomBelow(random, 300)),
  'equal to each other': () => 'the same key each time',
  'alike for long': (random) => `${'p'.repeat(200)}${letters(random, 3)}${'q'.repeat(40)}${letters(random, 2)}`,
  'of two prefixes': (random) =>
    `${['left: ', 'right: '][randomBelow(random, 2)]!}${'0'.repeat(9)}${randomBelow(random, 1e6)}`,
  'ending in zeros': (random) => `key${'\0'.repeat(randomBelow(random, 9))}${randomBelow(random, 2) === 0 ? '' : 'z'}`,
  'in descending order': (_, i) => String(9_000_000 - i),
};

function letters(random: Random, length: number): string {
  return Array.from({ length }, () => String.fromCodePoint(97 + randomBelow(random, 26))).join('');
}

test.each(Object.keys(KINDS))('keys %s come out in order, the later of equal ones first', (kind) => {
  const random = seededRandom(seed);
  for (const count of [2, 12, 13, 100, 5000]) {
    const keys = Array.from({ length: count }, (_, i) => bytes(KINDS[kind]!(random, i)));
    expect(shown(keys)).toEqual(sorted(keys));
  }
});
