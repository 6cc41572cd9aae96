import { describe, expect, test } from 'vitest';
import { InvariantError, randomBelow, seededRandom, utf8Encode } from '../../../src/base/index.js';
import { type EntryCursor, EntryKind, MAX_TIMESTAMP } from '../../../src/storage/entry.js';
import { Memtable, MemtableMemories } from '../../../src/storage/memtable/index.js';
import type { MemtableMemory } from '../../../src/storage/memtable/memtable-memory.js';

const bytes = utf8Encode;
const text = (source: Uint8Array, start: number, end: number) => Buffer.from(source.slice(start, end)).toString();

function privateMemtable(): Memtable {
  return new Memtable({ initialBytes: 64, shared: false });
}

function found(memtable: Memtable, key: string, maxTimestamp = MAX_TIMESTAMP): string | undefined {
  if (!memtable.find(bytes(key), maxTimestamp)) return undefined;
  const value = text(memtable.foundValueBytes, memtable.foundValueStart, memtable.foundValueEnd);
  return memtable.foundKind === EntryKind.Delete
    ? `deleted@${memtable.foundTimestamp}`
    : `${value}@${memtable.foundTimestamp}`;
}

function list(cursor: EntryCursor): string[] {
  const entries: string[] = [];
  for (; cursor.valid; cursor.next()) {
    const key = text(cursor.keyBytes, cursor.keyStart, cursor.keyEnd);
    const value = cursor.kind === EntryKind.Delete ? '-' : text(cursor.valueBytes, cursor.valueStart, cursor.valueEnd);
    entries.push(`${key}@${cursor.timestamp}=${value}`);
  }
  return entries;
}

function listAll(memtable: Memtable, reverse = false): string[] {
  const cursor = memtable.cursor(reverse);
  cursor.seekToStart();
  return list(cursor);
}

describe('find', () => {
  test('answers with the newest version that is old enough', () => {
    const memtable = privateMemtable();
    memtable.add(bytes('a'), 2, EntryKind.Put, bytes('two'));
    memtable.add(bytes('a'), 5, EntryKind.Delete, bytes('ignored'));
    memtable.add(bytes('a'), 2 ** 40, EntryKind.Put, bytes('late'));
    expect(found(memtable, 'a', 1)).toBeUndefined();
    expect(found(memtable, 'a', 2)).toBe('two@2');
    expect(found(memtable, 'a', 4)).toBe('two@2');
    expect(found(memtable, 'a', 5)).toBe('deleted@5');
    expect(memtable.foundValueEnd - memtable.foundValueStart).toBe(0);
    expect(found(memtable, 'a')).toBe(`late@${2 ** 40}`);
    expect(found(memtable, 'b')).toBeUndefined();
  });

  test('tells an empty value from a deletion and the empty key from none', () => {
    const memtable = privateMemtable();
    expect(found(memtable, '')).toBeUndefined();
    memtable.add(bytes(''), 1, EntryKind.Put, bytes(''));
    expect(found(memtable, '')).toBe('@1');
    expect(listAll(memtable)).toEqual(['@1=']);
  });

  test('a later addition of the same version wins', () => {
    const memtable = privateMemtable();
    memtable.add(bytes('a'), 7, EntryKind.Put, bytes('first'));
    memtable.add(bytes('a'), 7, EntryKind.Put, bytes('second'));
    expect(found(memtable, 'a')).toBe('second@7');
    expect(listAll(memtable)).toEqual(['a@7=second']);
    expect(listAll(memtable, true)).toEqual(['a@7=second']);
  });
});

describe('find in a shared memtable', () => {
  test('answers after more additions than may wait for the hash', () => {
    const memtable = new Memtable({ initialBytes: 1 << 20, shared: true });
    const count = 70_000;
    for (let i = 0; i < count; i++) memtable.add(bytes(`k${i % (count - 10)}`), i + 1, EntryKind.Put, bytes(`${i}`));
    expect(found(memtable, 'k0')).toBe(`${count - 10}@${count - 9}`);
    expect(found(memtable, 'k0', 5)).toBe('0@1');
    expect(found(memtable, `k${count - 11}`)).toBe(`${count - 11}@${count - 10}`);
    memtable.add(bytes('k0'), count + 1, EntryKind.Delete, bytes(''));
    expect(found(memtable, 'k0')).toBe(`deleted@${count + 1}`);
    expect([memtable.count, memtable.keyCount]).toEqual([count + 1, count - 10]);
  });
});

describe('bookkeeping', () => {
  test('counts versions, keys and the range of timestamps', () => {
    const memtable = privateMemtable();
    expect([memtable.count, memtable.keyCount, memtable.byteSize]).toEqual([0, 0, 0]);
    memtable.add(bytes('b'), 9, EntryKind.Put, bytes('xyz'));
    memtable.add(bytes('a'), 4, EntryKind.Put, bytes(''));
    memtable.add(bytes('b'), 11, EntryKind.Delete, bytes(''));
    expect([memtable.count, memtable.keyCount]).toEqual([3, 2]);
    expect([memtable.firstTimestamp, memtable.lastTimestamp]).toEqual([4, 11]);
    expect(memtable.byteSize).toBe(3 * 20 + 4 + 4 + 4);
  });

  test('refuses a version older than what its key has', () => {
    const memtable = privateMemtable();
    memtable.add(bytes('a'), 5, EntryKind.Put, bytes('x'));
    expect(() => memtable.add(bytes('a'), 4, EntryKind.Put, bytes('y'))).toThrow(InvariantError);
    expect(found(memtable, 'a')).toBe('x@5');
  });

  test('a shared memtable keeps its entries in shared memory', () => {
    const memtable = new Memtable({ initialBytes: 1024, shared: true });
    memtable.add(bytes('a'), 1, EntryKind.Put, bytes('x'));
    const cursor = memtable.cursor();
    expect(cursor.keyBytes.buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});

describe('cursors', () => {
  test('walk versions newest first, and exactly the reverse', () => {
    const memtable = privateMemtable();
    memtable.add(bytes('b'), 1, EntryKind.Put, bytes('1'));
    memtable.add(bytes('a'), 2, EntryKind.Put, bytes('2'));
    memtable.add(bytes('b'), 3, EntryKind.Delete, bytes(''));
    const ascending = ['a@2=2', 'b@3=-', 'b@1=1'];
    expect(listAll(memtable)).toEqual(ascending);
    expect(listAll(memtable, true)).toEqual([...ascending].reverse());
  });

  test('see exactly what was there at their creation, while the arena grows under them', () => {
    const memtable = privateMemtable();
    memtable.add(bytes('k1'), 1, EntryKind.Put, bytes('one'));
    const early = memtable.cursor();
    early.seekToStart();
    for (let i = 0; i < 500; i++) memtable.add(bytes(`k${i}`), i + 2, EntryKind.Put, bytes('x'.repeat(50)));
    expect(list(early)).toEqual(['k1@1=one']);
    expect(listAll(memtable)).toHaveLength(501);
  });

  test('merge the runs of many scans with the additions between them', () => {
    const memtable = new Memtable({ initialBytes: 1 << 20, shared: false });
    const random = seededRandom(11);
    const expected = new Map<string, string>();
    for (let i = 1; i <= 3000; i++) {
      const key = `key${randomBelow(random, 100_000)}`;
      memtable.add(bytes(key), i, EntryKind.Put, bytes(String(i)));
      expected.set(`${key}@${i}`, `${key}@${i}=${i}`);
      if (i % 7 === 0) memtable.cursor();
    }
    const scanned = listAll(memtable);
    expect(scanned).toHaveLength(3000);
    expect(new Set(scanned)).toEqual(new Set(expected.values()));
    const keys = scanned.map((entry) => entry.slice(0, entry.indexOf('@')));
    expect(keys).toEqual([...keys].sort());
    expect(listAll(memtable, true)).toEqual([...scanned].reverse());
  });

  test('seek to a version, between versions, before and behind everything', () => {
    const memtable = privateMemtable();
    for (const timestamp of [2, 4, 6]) memtable.add(bytes('m'), timestamp, EntryKind.Put, bytes(''));
    memtable.add(bytes('x'), 7, EntryKind.Put, bytes(''));
    const first = (key: string, timestamp: number, reverse: boolean) => {
      const cursor = memtable.cursor(reverse);
      cursor.seek(bytes(key), timestamp);
      return list(cursor)[0];
    };
    expect(first('m', 5, false)).toBe('m@4=');
    expect(first('m', 1, false)).toBe('x@7=');
    expect(first('y', MAX_TIMESTAMP, false)).toBeUndefined();
    expect(first('m', 5, true)).toBe('m@6=');
    expect(first('m', 0, true)).toBe('m@2=');
    expect(first('x', MAX_TIMESTAMP, true)).toBe('m@2=');
    expect(first('a', 0, true)).toBeUndefined();
  });

  test('stand nowhere before they are positioned and after they are closed', () => {
    const memtable = privateMemtable();
    memtable.add(bytes('a'), 1, EntryKind.Put, bytes(''));
    const cursor = memtable.cursor();
    expect(cursor.valid).toBe(false);
    cursor.seekToStart();
    expect(cursor.valid).toBe(true);
    cursor.close();
    cursor.close();
    expect(cursor.valid).toBe(false);
    expect(() => cursor.next()).toThrow(InvariantError);
  });
});

describe('truncate', () => {
  test('takes back additions, new versions and deletions', () => {
    const memtable = privateMemtable();
    memtable.add(bytes('a'), 1, EntryKind.Put, bytes('old'));
    const mark = memtable.mark();
    const before = [
      memtable.count,
      memtable.keyCount,
      memtable.byteSize,
      memtable.firstTimestamp,
      memtable.lastTimestamp,
    ];
    memtable.add(bytes('a'), 2, EntryKind.Delete, bytes(''));
    for (let i = 0; i < 40; i++) memtable.add(bytes(`n${i}`), 3, EntryKind.Put, bytes('new'));
    memtable.truncate(mark);
    expect(found(memtable, 'a')).toBe('old@1');
    expect(found(memtable, 'n7')).toBeUndefined();
    expect(listAll(memtable)).toEqual(['a@1=old']);
    expect([
      memtable.count,
      memtable.keyCount,
      memtable.byteSize,
      memtable.firstTimestamp,
      memtable.lastTimestamp,
    ]).toEqual(before);
    memtable.add(bytes('n7'), 2, EntryKind.Put, bytes('again'));
    expect(listAll(memtable)).toEqual(['a@1=old', 'n7@2=again']);
  });

  test('brings back what a forgotten addition had replaced, even after a scan', () => {
    const memtable = privateMemtable();
    memtable.add(bytes('a'), 1, EntryKind.Put, bytes('kept'));
    const mark = memtable.mark();
    memtable.add(bytes('a'), 1, EntryKind.Put, bytes('forgotten'));
    expect(listAll(memtable)).toEqual(['a@1=forgotten']);
    memtable.truncate(mark);
    expect(listAll(memtable)).toEqual(['a@1=kept']);
  });

  test('leaves cursors over the forgotten entries as they were', () => {
    const memtable = privateMemtable();
    memtable.add(bytes('a'), 1, EntryKind.Put, bytes('1'));
    const mark = memtable.mark();
    memtable.add(bytes('b'), 2, EntryKind.Put, bytes('2'));
    const cursor = memtable.cursor();
    cursor.seekToStart();
    memtable.truncate(mark);
    memtable.add(bytes('c'), 3, EntryKind.Put, bytes('3'));
    expect(list(cursor)).toEqual(['a@1=1', 'b@2=2']);
    expect(listAll(memtable)).toEqual(['a@1=1', 'c@3=3']);
  });

  test('of everything leaves an empty, usable memtable', () => {
    const memtable = privateMemtable();
    const mark = memtable.mark();
    for (let i = 0; i < 100; i++) memtable.add(bytes(`k${i}`), i, EntryKind.Put, bytes('v'));
    memtable.truncate(mark);
    expect(memtable.count).toBe(0);
    expect(found(memtable, 'k5')).toBeUndefined();
    expect(listAll(memtable)).toEqual([]);
    memtable.add(bytes('k5'), 1, EntryKind.Put, bytes('back'));
    expect(listAll(memtable)).toEqual(['k5@1=back']);
  });
});

describe('memory', () => {
  const BYTES = 4096;

  function filled(memories: MemtableMemories, version: string): Memtable {
    const memtable = new Memtable({ initialBytes: BYTES, shared: true, memory: memories.take() });
    for (let i = 0; i < 40; i++) memtable.add(bytes(`key ${i}`), i + 1, EntryKind.Put, bytes(version));
    return memtable;
  }

  test('of a memtable that is not needed serves the next one, which sees nothing of it', () => {
    const memories = new MemtableMemories(BYTES);
    const first = filled(memories, 'first');
    const { arena } = first.shareable();
    memories.give([first.takeMemory()!], 0);
    expect([first.count, first.keyCount, first.byteSize, found(first, 'key 1')]).toEqual([0, 0, 0, undefined]);

    const empty = new Memtable({ initialBytes: BYTES, shared: true, memory: memories.take() });
    expect([empty.count, found(empty, 'key 1'), listAll(empty)]).toEqual([0, undefined, []]);
    empty.add(bytes('key 1'), 9, EntryKind.Put, bytes('second'));
    expect(empty.shareable().arena).toBe(arena);
    expect([found(empty, 'key 1'), listAll(empty)]).toEqual(['second@9', ['key 1@9=second']]);
    expect([empty.keyCount, found(empty, 'key 1', 8), found(empty, 'key 2')]).toEqual([1, undefined, undefined]);
  });

  test('stays with a memtable that somebody reads, until all cursors are closed', () => {
    const memtable = filled(new MemtableMemories(BYTES), 'first');
    const cursors = [memtable.cursor(), memtable.cursor(true)];
    expect(memtable.takeMemory()).toBeUndefined();
    cursors[0]!.close();
    cursors[0]!.close();
    expect(memtable.takeMemory()).toBeUndefined();
    cursors[1]!.seekToStart();
    expect(list(cursors[1]!).length).toBe(40);
    cursors[1]!.close();
    expect(memtable.takeMemory()).toBeDefined();
  });

  test('that a large commit has made grow is not kept, nor more than two where more were never in use', () => {
    const memories = new MemtableMemories(BYTES);
    const grown = filled(memories, 'x'.repeat(200));
    memories.give([grown.takeMemory()!], 0);
    expect(memories.take()).toBeUndefined();
    memories.give(memoriesOf(memories, 3), 0);
    expect(countTaken(memories)).toBe(2);
  });

  test('of a burst is kept for the next one, and let go bit by bit', () => {
    const memories = new MemtableMemories(BYTES);
    memories.give(memoriesOf(memories, 6), 6);
    const kept = memoriesOf(memories, 6);
    memories.give(kept, 1);
    expect(countTaken(memories)).toBe(6);
    memories.give(kept, 1);
    for (let flush = 0; flush < 200; flush++) memories.give([], 1);
    expect(countTaken(memories)).toBe(2);
  });

  function memoriesOf(memories: MemtableMemories, count: number): MemtableMemory[] {
    const memtables = Array.from({ length: count }, (_, i) => filled(memories, String(i)));
    return memtables.map((memtable) => memtable.takeMemory()!);
  }

  function countTaken(memories: MemtableMemories): number {
    let count = 0;
    while (memories.take() !== undefined) count++;
    return count;
  }
});
