/** Scans of separated values: read ahead in the order of their files, and only when somebody asks for them. */

import { beforeEach, describe, expect, test } from 'vitest';
import { CorruptionError, utf8Decode, utf8Encode } from '../../../../src/base/index.js';
import { type Engine, type EngineCursor, WriteBatch } from '../../../../src/storage/index.js';
import { MemFileSystem } from '../../../../src/vfs/index.js';
import { FaultFileSystem } from '../../../support/fault-file-system.js';
import { ENGINE_DIRECTORY, openTestEngine } from '../fixtures.js';

const COUNT = 200;
const OPTIONS = {
  valueLog: { thresholdBytes: 100, segmentBytes: 2 ** 20, garbageRatio: 0.5, compression: 'none' },
} as const;

let memory: MemFileSystem;
let fileSystem: FaultFileSystem;
let engine: Engine;
let next: number;

beforeEach(async () => {
  memory = new MemFileSystem();
  fileSystem = new FaultFileSystem(memory);
  ({ engine } = await openTestEngine(fileSystem, OPTIONS));
  next = 1;
  // In another order than that of the keys, so that neighbours are not neighbours in the log.
  for (let i = 0; i < COUNT; i++) await put((i * 37) % COUNT, 1);
});

function keyOf(number: number): string {
  return String(number).padStart(4, '0');
}

function textOf(number: number, round: number): string {
  return `${number}:${round};`.padEnd(300, '.');
}

async function put(number: number, round: number): Promise<void> {
  const batch = new WriteBatch();
  batch.put(utf8Encode(keyOf(number)), utf8Encode(textOf(number, round)));
  await engine.commit(batch, next++);
}

function rows(cursor: EngineCursor, wants: (row: number) => boolean = () => true): string[] {
  const found: string[] = [];
  for (let row = 0; cursor.next(); row++) {
    found.push(utf8Decode(cursor.key()) + (wants(row) ? `=${utf8Decode(cursor.value())}` : ''));
  }
  return found;
}

function expected(round: (number: number) => number): string[] {
  return Array.from({ length: COUNT }, (_, i) => `${keyOf(i)}=${textOf(i, round(i))}`);
}

function readsSince(start: number): string[] {
  return fileSystem.trace.slice(start).filter((line) => line.startsWith('read') && /\.(log|val)/.test(line));
}

/** Changes a byte of a value in the log segment that has it. */
function damage(value: string): void {
  for (const name of memory.list(ENGINE_DIRECTORY).filter((candidate) => candidate.endsWith('.log'))) {
    const file = memory.open(`${ENGINE_DIRECTORY}/${name}`, 'update');
    const content = new Uint8Array(file.size());
    file.read(content, 0);
    const at = Buffer.from(content.buffer).indexOf(value);
    if (at >= 0) file.write(utf8Encode('x'), at + 50);
    file.close();
  }
}

describe('a scan of separated values', () => {
  test('finds each of them in both directions, from memtables and tables, while others are written', async () => {
    const before = engine.cursor({}, { asOf: next });
    expect(before.next()).toBe(true);
    for (let i = 0; i < COUNT; i += 3) await put(i, 2);
    await engine.flush();
    for (let i = 0; i < COUNT; i += 5) await put(i, 3);
    const round = (i: number): number => (i % 5 === 0 ? 3 : i % 3 === 0 ? 2 : 1);
    expect(rows(engine.cursor({}, { asOf: next }))).toEqual(expected(round));
    expect(rows(engine.cursor({}, { asOf: next, reverse: true }))).toEqual(expected(round).toReversed());
    const bounds = { lower: utf8Encode(keyOf(50)), upper: utf8Encode(keyOf(90)) };
    expect(rows(engine.cursor(bounds, { asOf: next }))).toEqual(expected(round).slice(50, 90));
    expect(rows(engine.cursor(bounds, { asOf: next, reverse: true }))).toEqual(
      expected(round).slice(50, 90).toReversed(),
    );
    expect(rows(before)).toEqual(expected(() => 1).slice(1));
    await engine.close();
  });

  test('takes one read for many that lie together', async () => {
    await engine.flush();
    const start = fileSystem.trace.length;
    expect(rows(engine.cursor({}, { asOf: next }))).toEqual(expected(() => 1));
    expect(readsSince(start).length).toBeLessThan(COUNT / 4);
    await engine.close();
  });

  test('that asks for some of them gets these, and one of keys alone reads none', async () => {
    await engine.flush();
    let start = fileSystem.trace.length;
    expect(rows(engine.cursor({}, { asOf: next }), () => false).length).toBe(COUNT);
    expect(readsSince(start)).toEqual([]);
    start = fileSystem.trace.length;
    expect(rows(engine.cursor({}, { asOf: next }), (row) => row === 7).filter((row) => row.includes('='))).toEqual([
      `${keyOf(7)}=${textOf(7, 1)}`,
    ]);
    expect(readsSince(start).length).toBe(1);
    const some = rows(engine.cursor({}, { asOf: next }), (row) => row % 7 === 0 || row % 11 < 3);
    for (const [i, row] of some.entries()) {
      const asked = i % 7 === 0 || i % 11 < 3;
      expect(row).toBe(asked ? `${keyOf(i)}=${textOf(i, 1)}` : keyOf(i));
    }
    await engine.close();
  });

  test('tells of a damaged value when it comes to it, not before', async () => {
    await engine.flush();
    damage(textOf(100, 1));
    const cursor = engine.cursor({}, { asOf: next });
    for (let i = 0; i < 100; i++) {
      expect(cursor.next()).toBe(true);
      expect(utf8Decode(cursor.value())).toBe(textOf(i, 1));
    }
    expect(cursor.next()).toBe(true);
    expect(() => cursor.value()).toThrow(CorruptionError);
    cursor.close();
    await engine.close();
  });
});
