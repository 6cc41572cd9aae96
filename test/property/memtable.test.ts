import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareBytes, EMPTY_BYTES } from '../../src/base/index.js';
import { type EntryCursor, EntryKind, MAX_TIMESTAMP } from '../../src/storage/entry.js';
import { Memtable, type MemtableMark } from '../../src/storage/memtable/index.js';
import { propertyOptions } from '../support/seed.js';

interface Version {
  readonly key: Uint8Array;
  readonly timestamp: number;
  readonly kind: EntryKind;
  readonly value: Uint8Array;
}

/** The order of entries: key ascending, timestamp descending. */
function compareVersions(a: Version, b: Version): number {
  return compareBytes(a.key, b.key) || b.timestamp - a.timestamp;
}

/** A sorted list of versions where a later one replaces its equal. */
class ModelMemtable {
  versions: readonly Version[] = [];

  add(version: Version): void {
    this.versions = [...this.versions.filter((other) => compareVersions(other, version) !== 0), version].sort(
      compareVersions,
    );
  }

  find(key: Uint8Array, maxTimestamp: number): Version | undefined {
    return this.versions.find((version) => compareBytes(version.key, key) === 0 && version.timestamp <= maxTimestamp);
  }
}

function current(cursor: EntryCursor): Version {
  return {
    key: cursor.keyBytes.slice(cursor.keyStart, cursor.keyEnd),
    timestamp: cursor.timestamp,
    kind: cursor.kind,
    value: cursor.valueBytes.slice(cursor.valueStart, cursor.valueEnd),
  };
}

function rest(cursor: EntryCursor): Version[] {
  const versions: Version[] = [];
  for (; cursor.valid; cursor.next()) versions.push(current(cursor));
  return versions;
}

function fromSeek(versions: readonly Version[], key: Uint8Array, timestamp: number, reverse: boolean): Version[] {
  const target: Version = { key, timestamp, kind: EntryKind.Put, value: EMPTY_BYTES };
  if (!reverse) return versions.filter((version) => compareVersions(version, target) >= 0);
  return versions.filter((version) => compareVersions(version, target) <= 0).reverse();
}

/** Few, mutually close keys: many versions each, shared prefixes around the six bytes that the sort looks at first. */
const keys = fc.oneof(
  fc.uint8Array({ maxLength: 2, max: 3 }),
  fc
    .tuple(fc.constantFrom('', 'user', 'user:000000'), fc.uint8Array({ minLength: 1, maxLength: 9, max: 2 }))
    .map(([prefix, tail]) => new Uint8Array([...Buffer.from(prefix), ...tail])),
);
const steps = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      step: fc.constant('add' as const),
      key: keys,
      advance: fc.constantFrom(0, 1, 1, 3, 2 ** 33),
      kind: fc.constantFrom(EntryKind.Put, EntryKind.Put, EntryKind.Delete),
      value: fc.uint8Array({ maxLength: 70 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('find' as const), key: keys, back: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('scan' as const), reverse: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ step: fc.constant('seek' as const), key: keys, back: fc.nat(4), reverse: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('keep' as const), reverse: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('mark' as const) }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('truncate' as const) }) },
);

test('a memtable behaves as a sorted map of versions, and its cursors as of their creation', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 120, size: 'max' }), fc.boolean(), (script, shared) => {
      const memtable = new Memtable({ initialBytes: 64, shared });
      const model = new ModelMemtable();
      const kept: { cursor: EntryCursor; expected: Version[] }[] = [];
      const marks: { mark: MemtableMark; versions: readonly Version[]; timestamp: number }[] = [];
      let timestamp = 1;
      for (const action of script) {
        switch (action.step) {
          case 'add': {
            timestamp = Math.min(timestamp + action.advance, MAX_TIMESTAMP);
            const value = action.kind === EntryKind.Put ? action.value : EMPTY_BYTES;
            memtable.add(action.key, timestamp, action.kind, action.value);
            model.add({ key: action.key.slice(), timestamp, kind: action.kind, value });
            break;
          }
          case 'find': {
            const maxTimestamp = timestamp - action.back;
            const expected = model.find(action.key, maxTimestamp);
            expect(memtable.find(action.key, maxTimestamp)).toBe(expected !== undefined);
            if (expected === undefined) break;
            expect(memtable.foundTimestamp).toBe(expected.timestamp);
            expect(memtable.foundKind).toBe(expected.kind);
            const found = memtable.foundValueBytes.slice(memtable.foundValueStart, memtable.foundValueEnd);
            expect(found).toEqual(expected.value);
            break;
          }
          case 'scan': {
            const cursor = memtable.cursor(action.reverse);
            cursor.seekToStart();
            expect(rest(cursor)).toEqual(action.reverse ? [...model.versions].reverse() : model.versions);
            break;
          }
          case 'seek': {
            const cursor = memtable.cursor(action.reverse);
            const target = action.back === 4 ? MAX_TIMESTAMP : Math.max(0, timestamp - action.back);
            cursor.seek(action.key, target);
            expect(rest(cursor)).toEqual(fromSeek(model.versions, action.key, target, action.reverse));
            break;
          }
          case 'keep': {
            const expected = action.reverse ? [...model.versions].reverse() : [...model.versions];
            kept.push({ cursor: memtable.cursor(action.reverse), expected });
            break;
          }
          case 'mark':
            marks.push({ mark: memtable.mark(), versions: model.versions, timestamp });
            break;
          case 'truncate': {
            const last = marks.pop();
            if (last === undefined) break;
            memtable.truncate(last.mark);
            model.versions = last.versions;
            timestamp = last.timestamp;
            break;
          }
        }
      }
      for (const { cursor, expected } of kept) {
        cursor.seekToStart();
        expect(rest(cursor)).toEqual(expected);
      }
      const newest: Version[] = [];
      memtable.forEachNewest((kind, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
        const key = bytes.slice(keyStart, keyEnd);
        newest.push({ key, timestamp: 0, kind, value: bytes.slice(valueStart, valueEnd) });
      });
      const expected = model.versions
        .filter((version, at) => at === 0 || compareBytes(version.key, model.versions[at - 1]!.key) !== 0)
        .map((version) => ({ ...version, timestamp: 0 }));
      expect(newest.sort(compareVersions)).toEqual(expected);
      expect(memtable.keyCount).toBe(expected.length);
    }),
    propertyOptions(400),
  );
});
