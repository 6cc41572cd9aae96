import { expect, test } from 'vitest';
import { randomBelow, seededRandom } from '../../../src/base/index.js';
import { EntryKind, Memtable } from '../../../src/storage/index.js';
import { sharedEntriesCursor } from '../../../src/storage/memtable/index.js';
import { seed } from '../../support/seed.js';
import { bytes, drainAll } from './fixtures.js';

test('a reader on another thread sees the same entries in the same order', () => {
  const random = seededRandom(seed);
  const memtable = new Memtable({ initialBytes: 256, shared: true });
  for (let timestamp = 1; timestamp <= 2000; timestamp++) {
    const key = bytes(`key ${randomBelow(random, 300)}`);
    const kind = randomBelow(random, 4) === 0 ? EntryKind.Delete : EntryKind.Put;
    memtable.add(key, timestamp, kind, bytes(`value ${timestamp}`));
    // The same version once more: it replaces the one before.
    if (randomBelow(random, 8) === 0) memtable.add(key, timestamp, EntryKind.Put, bytes('replaced'));
    if (randomBelow(random, 500) === 0) memtable.cursor().close();
  }
  const shared = memtable.shareable();
  expect(drainAll(sharedEntriesCursor(shared))).toEqual(drainAll(memtable.cursor()));
  // Nothing was copied: what another thread gets is this very memory.
  expect(shared.arena.byteLength).toBeGreaterThanOrEqual(memtable.byteSize);
});

test('a reader on another thread sees the later of two additions, also when nobody has looked for a key', () => {
  const memtable = new Memtable({ initialBytes: 256, shared: true });
  for (const value of ['first', 'second']) memtable.add(bytes('b'), 1, EntryKind.Put, bytes(value));
  memtable.add(bytes('a'), 1, EntryKind.Put, bytes('other'));
  const shown = drainAll(sharedEntriesCursor(memtable.shareable()));
  expect(shown).toEqual(drainAll(memtable.cursor()));
  expect(shown).toHaveLength(2);
});

test('a private memtable has nothing to share', () => {
  const memtable = new Memtable({ initialBytes: 256, shared: false });
  memtable.add(bytes('a'), 1, EntryKind.Put, bytes('x'));
  expect(() => memtable.shareable()).toThrow('shared memtable');
});
