import { describe, expect, test } from 'vitest';
import {
  ByteWriter,
  CorruptionError,
  InvalidArgumentError,
  placedChecksum,
  seededRandom,
} from '../../../../src/base/index.js';
import {
  checkFileHeader,
  decodeFileHeader,
  encodeFileHeader,
  FILE_HEADER_BYTES,
  FileMagic,
} from '../../../../src/storage/format/file-header.js';
import { fileName, isOwnFileName, parseFileName } from '../../../../src/storage/format/file-names.js';
import {
  decodeManifestEdit,
  encodeManifestEdit,
  type ManifestEdit,
} from '../../../../src/storage/format/manifest-edit.js';
import { BLOCK_TRAILER_BYTES, storeBlock, unwrapBlock } from '../../../../src/storage/format/stored-block.js';
import { lz4 } from '../../../../src/storage/lz4.js';
import { bytes, tableMeta } from '../fixtures.js';

describe('file names', () => {
  test.each(['log', 'table', 'manifest'] as const)('of kind %s are parsed back', (kind) => {
    for (const number of [1, 999_999, 1_000_000, 2 ** 53 - 1]) {
      expect(parseFileName(fileName(kind, number))).toEqual({ kind, number });
    }
  });

  test('are ours only in their exact form', () => {
    expect(['CURRENT', 'CURRENT.tmp', '000001.log'].map(isOwnFileName)).toEqual([true, true, true]);
    for (const name of [
      '1.log',
      '0000001.log',
      '000001.LOG',
      '000001.tbl.bak',
      'MANIFEST-1',
      'manifest-000001',
      'x',
      '',
    ]) {
      expect({ name, own: isOwnFileName(name) }).toEqual({ name, own: false });
    }
  });
});

describe('file header', () => {
  test('is read back', () => {
    for (const number of [0, 7, 2 ** 53 - 1]) {
      const header = encodeFileHeader(FileMagic.table, number);
      expect(header.length).toBe(FILE_HEADER_BYTES);
      expect(decodeFileHeader(header, FileMagic.table, 'f')).toBe(number);
    }
  });

  test('with any bit flipped is refused', () => {
    const header = encodeFileHeader(FileMagic.log, 5);
    for (let bit = 0; bit < header.length * 8; bit++) {
      const damaged = header.slice();
      damaged[bit >>> 3]! ^= 1 << (bit & 7);
      expect(() => checkFileHeader(damaged, FileMagic.log, 5, '000005.log'), `bit ${bit}`).toThrow(CorruptionError);
    }
  });

  test('of another file is refused', () => {
    const header = encodeFileHeader(FileMagic.log, 5);
    expect(() => checkFileHeader(header, FileMagic.log, 6, '000006.log')).toThrow('expected file number 6');
    expect(() => checkFileHeader(header, FileMagic.table, 5, '000005.tbl')).toThrow('the magic VRVT');
    expect(() => checkFileHeader(header.subarray(0, 12), FileMagic.log, 5, 'f')).toThrow(CorruptionError);
  });

  test.each([1, 3])('of version %d, which is not this one, is not taken for damage', (version) => {
    const header = encodeFileHeader(FileMagic.log, 5);
    const view = new DataView(header.buffer);
    view.setUint16(4, version, true);
    view.setUint32(16, placedChecksum(5, 0, header.subarray(0, 16)), true);
    const read = () => checkFileHeader(header, FileMagic.log, 5, 'f');
    expect(read).toThrow(InvalidArgumentError);
    expect(read).toThrow(`has format version ${version}; this library reads 2`);
  });
});

describe('manifest edit', () => {
  const place = { file: 'MANIFEST-000001', offset: 41 };
  const edit: ManifestEdit = {
    nextFileNumber: 2 ** 40,
    logNumber: 3,
    lastTimestamp: 2 ** 53 - 1,
    prunedThrough: 0,
    times: [
      { timestamp: 3, fromMs: 1_700_000_000_000, untilMs: 1_700_000_000_001 },
      { timestamp: 9, fromMs: 1_600_000_000_000, untilMs: 1_600_000_003_000 },
      { timestamp: 2 ** 50, fromMs: 1_600_000_000_001, untilMs: 1_600_000_000_002 },
    ],
    added: [
      { level: 0, run: 9, table: tableMeta(9, '', 'zz') },
      { level: 3, run: 0, table: tableMeta(10, 'a', 'b') },
    ],
    removed: [{ level: 2, fileNumber: 8 }],
  };

  function encoded(value: ManifestEdit): ByteWriter {
    const writer = new ByteWriter();
    encodeManifestEdit(writer, value);
    return writer;
  }

  test('is read back, whole or with few fields', () => {
    expect(decodeManifestEdit(encoded(edit).bytes(), place)).toEqual(edit);
    const small = { logNumber: 4, added: [], removed: [] };
    expect(decodeManifestEdit(encoded(small).bytes(), place)).toEqual(small);
  });

  test('with an essential field of a later version is refused, with an advisory one read', () => {
    const essential = encoded(edit);
    essential.varint(7);
    essential.lengthPrefixed(bytes('?'));
    expect(() => decodeManifestEdit(essential.bytes(), place)).toThrow('expected a known field tag, found tag 7');
    const advisory = encoded(edit);
    advisory.varint(65);
    advisory.lengthPrefixed(bytes('?'));
    expect(decodeManifestEdit(advisory.bytes(), place)).toEqual(edit);
  });

  test('cut anywhere is refused or a shorter edit, never garbage', () => {
    const whole = encoded(edit).toBytes();
    for (let length = 0; length < whole.length; length++) {
      let decoded: ManifestEdit | undefined;
      try {
        decoded = decodeManifestEdit(whole.subarray(0, length), place);
      } catch (cause) {
        expect(cause).toBeInstanceOf(CorruptionError);
      }
      for (const addition of decoded?.added ?? []) expect(edit.added).toContainEqual(addition);
    }
  });
});

describe('stored block', () => {
  const place = { file: '000003.tbl', fileNumber: 3, offset: 4096 };
  const compressible = bytes('abcdefgh'.repeat(100));
  const source = seededRandom(5);
  const random = Uint8Array.from({ length: 800 }, () => source.u32());

  function stored(raw: Uint8Array, compress: boolean): Uint8Array {
    const target = new Uint8Array(raw.length + BLOCK_TRAILER_BYTES);
    return target.subarray(0, storeBlock(target, raw, compress, place) + BLOCK_TRAILER_BYTES);
  }

  test('is read back, compressed only where that pays', () => {
    expect(lz4(), 'lz4-napi is installed where the tests run').toBeDefined();
    for (const [raw, compress] of [
      [compressible, true],
      [compressible, false],
      [random, true],
    ] as const) {
      expect(new Uint8Array(unwrapBlock(stored(raw, compress), raw.length, place))).toEqual(raw);
    }
    expect(stored(compressible, true).length).toBeLessThan(100);
    expect(stored(compressible, false).length).toBe(compressible.length + BLOCK_TRAILER_BYTES);
    expect(stored(random, true).length).toBe(random.length + BLOCK_TRAILER_BYTES);
  });

  test('with any byte changed, or read from another place, is refused', () => {
    const block = stored(compressible, true);
    for (let at = 0; at < block.length; at++) {
      const damaged = block.slice();
      damaged[at]! ^= 0x40;
      expect(() => unwrapBlock(damaged, compressible.length, place), `byte ${at}`).toThrow(CorruptionError);
    }
    expect(() => unwrapBlock(block, compressible.length, { ...place, offset: 8192 })).toThrow(CorruptionError);
    expect(() => unwrapBlock(block, compressible.length, { ...place, fileNumber: 4 })).toThrow(CorruptionError);
  });

  test('that claims another size than its handle is refused before anything is decompressed', () => {
    const block = stored(compressible, true);
    expect(() => unwrapBlock(block, compressible.length + 1, place)).toThrow('a claim of 800');
    const bomb = stored(compressible, true).slice();
    const view = new DataView(bomb.buffer);
    view.setUint32(0, 0x7fff_ffff, true);
    view.setUint32(bomb.length - 4, placedChecksum(3, 4096, bomb.subarray(0, bomb.length - 4)), true);
    expect(() => unwrapBlock(bomb, 0x7fff_ffff, place)).toThrow('a claim of 2147483647');
  });
});
