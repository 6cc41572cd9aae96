import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { CorruptionError, hashBytes, utf8Encode } from '../../../../src/base/index.js';
import { checkTable } from '../../../../src/recovery/table-check.js';
import { BlockCache } from '../../../../src/storage/cache/block-cache.js';
import { BlockReader } from '../../../../src/storage/format/data-block.js';
import { decodePartition, type IndexPartition } from '../../../../src/storage/format/index-partition.js';
import { BLOCK_TRAILER_BYTES } from '../../../../src/storage/format/stored-block.js';
import { EntryKind } from '../../../../src/storage/index.js';
import { TableCursor } from '../../../../src/storage/table/table-cursor.js';
import { TableReader } from '../../../../src/storage/table/table-reader.js';
import { type TableFormat, TableWriter } from '../../../../src/storage/table/table-writer.js';
import { ByteReader } from '../../../../src/base/index.js';
import { type FileSystem, NodeFileSystem } from '../../../../src/vfs/index.js';
import { bytes, drainAll, entry, TABLE_DIRECTORY, tableFileSystem, writeTable } from '../fixtures.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const FORMAT: TableFormat = { blockBytes: 128, bloomBitsPerKey: 10, compression: 'none', indexBytesMax: 500 };
const entries = Array.from({ length: 300 }, (_, i) => entry(`key ${String(i).padStart(4, '0')}`, 9, `value ${i}`));
const unexpected = (_at: number, expected: string, found: string): Error => new Error(`${expected}, not ${found}`);

function open(fileSystem: FileSystem, cache?: BlockCache): TableReader {
  return new TableReader({ fileSystem, directory: TABLE_DIRECTORY, cache }, 1);
}

function find(reader: TableReader, key: string): boolean {
  return reader.find(bytes(key), hashBytes(bytes(key)), 9);
}

/** What the top index of a table says. */
function partitionsOf(reader: TableReader): IndexPartition[] {
  const block = reader.readBlock(reader.properties.index);
  const top = new BlockReader();
  top.reset(block, 0, block.length);
  return Array.from({ length: top.count }, (_, i) => {
    top.load(i);
    return decodePartition(new ByteReader(top.bytes.subarray(top.valueStart, top.valueEnd), unexpected));
  });
}

function flip(fileSystem: FileSystem, offset: number): void {
  const file = fileSystem.open(`${TABLE_DIRECTORY}/000001.tbl`, 'update');
  const byte = new Uint8Array(1);
  file.read(byte, offset);
  file.write(Uint8Array.of(byte[0]! ^ 0x08), offset);
  file.close();
}

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a table whose index has outgrown the bound', () => {
  test('has partitions of index and filter, each of about a block, for all its data blocks', () => {
    const fileSystem = tableFileSystem();
    writeTable(fileSystem, 1, entries, FORMAT);
    const reader = open(fileSystem);
    const partitions = partitionsOf(reader);
    expect(reader.properties).toMatchObject({ indexPartitions: partitions.length, filter: undefined });
    expect(partitions.length).toBeGreaterThan(5);
    expect(partitions.reduce((sum, one) => sum + one.dataBlocks, 0)).toBe(reader.properties.dataBlocks);
    for (const { index, filter } of partitions) {
      expect(index.rawBytes).toBeLessThanOrEqual(FORMAT.blockBytes);
      expect(filter!.rawBytes).toBeLessThanOrEqual(FORMAT.blockBytes);
    }
    reader.close();
  });

  test('is one with a whole index up to the bound, byte by byte what it would be without one', () => {
    const files = [undefined, 100_000].map((indexBytesMax) => {
      const fileSystem = tableFileSystem();
      const { sizeBytes } = writeTable(fileSystem, 1, entries, { ...FORMAT, indexBytesMax });
      const reader = open(fileSystem);
      expect(reader.properties.indexPartitions).toBe(0);
      const content = new Uint8Array(sizeBytes);
      reader.file.read(content, 0);
      reader.close();
      return content;
    });
    expect(files[0]).toEqual(files[1]);
  });

  test('asks the file for neither index nor data where the filter of the partition says no', () => {
    const fileSystem = tableFileSystem();
    writeTable(fileSystem, 1, entries, FORMAT);
    const cache = new BlockCache({ maxBytes: 100_000, cellBytes: FORMAT.blockBytes });
    const reader = open(fileSystem, cache);
    const partitions = partitionsOf(reader).length;
    for (const { key } of entries) find(reader, `${key} absent`);
    // Every filter, and index and block for the one in a hundred or so that it does not rule out.
    expect(cache.stats().misses).toBeGreaterThanOrEqual(partitions);
    expect(cache.stats().misses).toBeLessThan(partitions + 40);
    reader.close();
  });

  test('keeps every key that has versions on both sides of a border in the filters of both', () => {
    const versions = Array.from({ length: 400 }, (_, i) => entry('key', 1000 - i, 'x'.repeat(20)));
    const fileSystem = tableFileSystem();
    const meta = writeTable(fileSystem, 1, [entry('a', 5), ...versions, entry('z', 5)], {
      ...FORMAT,
      indexBytesMax: 0,
    });
    checkTable({ fileSystem, directory: TABLE_DIRECTORY, cache: undefined }, meta);
    const reader = open(fileSystem);
    expect(reader.properties.indexPartitions).toBeGreaterThan(10);
    for (const { timestamp } of versions) {
      expect(reader.find(bytes('key'), hashBytes(bytes('key')), timestamp)).toBe(true);
      expect(reader.foundTimestamp).toBe(timestamp);
    }
    reader.close();
  });
});

describe('damage in a table with partitions', () => {
  const fileSystem = tableFileSystem();
  const meta = writeTable(fileSystem, 1, entries, FORMAT);
  const probe = open(fileSystem);
  const [, second] = partitionsOf(probe);
  const top = probe.properties.index;
  probe.close();
  const placed = { index: second!.index, filter: second!.filter!, 'top index': top };

  test.each(['index', 'filter', 'top index'] as const)('in the %s is reported with file and offset', (kind) => {
    const { offset, payloadBytes } = placed[kind];
    for (const at of [0, payloadBytes >> 1, payloadBytes - 1, payloadBytes, payloadBytes + BLOCK_TRAILER_BYTES - 1]) {
      flip(fileSystem, offset + at);
      const lookups = (cache?: BlockCache): void => {
        const reader = open(fileSystem, cache);
        try {
          for (const { key } of entries) if (!find(reader, key)) throw new Error(`${key} is missing`);
        } finally {
          reader.close();
        }
      };
      const source = { fileSystem, directory: TABLE_DIRECTORY, cache: undefined };
      const cache = new BlockCache({ maxBytes: 100_000, cellBytes: FORMAT.blockBytes });
      for (const action of [() => lookups(), () => lookups(cache), () => checkTable(source, meta)]) {
        const error = errorOf(action);
        expect(error).toBeInstanceOf(CorruptionError);
        // The checksum of a block lies behind it, after the compression byte.
        expect(error).toMatchObject({ facts: { file: '000001.tbl', offset: offset + payloadBytes + 1 } });
      }
      flip(fileSystem, offset + at);
    }
    expect(errorOf(() => checkTable({ fileSystem, directory: TABLE_DIRECTORY, cache: undefined }, meta))).toBe(
      undefined,
    );
  });

  test('in an index partition stops a walk there and not before', () => {
    flip(fileSystem, second!.index.offset + 3);
    for (const reverse of [false, true]) {
      const reader = open(fileSystem);
      const cursor = new TableCursor(reader, { reverse, bulk: true });
      expect(() => drainAll(cursor)).toThrow(CorruptionError);
      expect(cursor.valid).toBe(true);
      reader.close();
    }
    flip(fileSystem, second!.index.offset + 3);
  });

  test('never yields a wrong entry, whichever byte is flipped', () => {
    for (let at = 0; at < meta.sizeBytes; at += 3) {
      flip(fileSystem, at);
      const error = errorOf(() => checkTable({ fileSystem, directory: TABLE_DIRECTORY, cache: undefined }, meta));
      expect(error, `byte ${at}`).toBeInstanceOf(CorruptionError);
      flip(fileSystem, at);
    }
  });
});

describe('a table with ten times the entries', () => {
  /** Bytes of array buffers in use. Freed ones are taken off the account some time after they were collected. */
  async function arrayBufferBytes(): Promise<number> {
    for (let i = 0; i < 4; i++) {
      collectGarbage();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return process.memoryUsage().arrayBuffers;
  }

  /** What a writer holds on to before it finishes, and a reader after it has looked up and walked everything. */
  async function memoryOf(count: number): Promise<{ readonly writer: number; readonly reader: number }> {
    const directory = mkdtempSync(join(tmpdir(), 'varve-table-'));
    try {
      const fileSystem = new NodeFileSystem();
      const key = new Uint8Array(16);
      const before = await arrayBufferBytes();
      const writer = new TableWriter(fileSystem, directory, 1, { ...FORMAT, blockBytes: 1024, indexBytesMax: 4096 });
      for (let i = 0; i < count; i++) {
        key.set(utf8Encode(String(i).padStart(16, '0')));
        writer.add(key, 0, key.length, 7, EntryKind.Put, key, 0, key.length);
      }
      const writerBytes = (await arrayBufferBytes()) - before;
      writer.finish();
      const beforeReading = await arrayBufferBytes();
      const cache = new BlockCache({ maxBytes: 8192, cellBytes: 1024 });
      const reader = new TableReader({ fileSystem, directory, cache }, 1);
      for (let i = 0; i < count; i += 100) expect(find(reader, String(i).padStart(16, '0'))).toBe(true);
      const cursor = new TableCursor(reader, { reverse: false, bulk: false });
      for (cursor.seekToStart(); cursor.valid; cursor.next());
      cursor.close();
      reader.releaseFound();
      const readerBytes = (await arrayBufferBytes()) - beforeReading;
      reader.close();
      return { writer: writerBytes, reader: readerBytes };
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  test('is written and read with no more memory than its top index and cache slots', async () => {
    await memoryOf(5000);
    const one = await memoryOf(20_000);
    const ten = await memoryOf(200_000);
    // The hashes of the keys alone would be 720 KB more, their filter 225, and a whole index 300.
    expect(ten.writer - one.writer).toBeLessThan(30_000);
    expect(ten.reader - one.reader).toBeLessThan(80_000);
  });
});
