import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CorruptionError, utf8Encode } from '../../../../src/base/index.js';
import { ValueEvacuation } from '../../../../src/storage/compaction/value-evacuation.js';
import { EntryKind } from '../../../../src/storage/entry.js';
import { encodeFileHeader, FileMagic } from '../../../../src/storage/format/file-header.js';
import { ownerOf, POINTER_BYTES, putPointer, segmentPlace } from '../../../../src/storage/format/value-pointer.js';
import { ValueReader } from '../../../../src/storage/values/value-reader.js';
import { readWholeFile } from '../../../../src/storage/whole-file.js';
import { MemFileSystem } from '../../../../src/vfs/index.js';

const FENCE = '```';

function hexBlock(name: string): string {
  const text = readFileSync(new URL('../../../../docs/formats/values.md', import.meta.url), 'utf8');
  const start = text.indexOf(`${FENCE}hex ${name}\n`);
  expect(start).toBeGreaterThan(0);
  const body = text.slice(text.indexOf('\n', start), text.indexOf(FENCE, start + FENCE.length));
  return body.replaceAll(/#.*/g, '').trim().split(/\s+/).join(' ');
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

test('the pointer and the value file in values.md are what the code writes and reads', () => {
  const key = utf8Encode('lake');
  const timestamp = 7;
  const value = utf8Encode('varved');
  const pointer = new Uint8Array(POINTER_BYTES);
  const owner = ownerOf(key, 0, key.length, timestamp);
  putPointer(pointer, 0, segmentPlace('log', 4), 64, { bytes: value, isCompressed: false, owner });
  expect(hex(pointer)).toBe(hexBlock('pointer'));

  const fileSystem = new MemFileSystem();
  fileSystem.createDirectory('/db');
  const segment = fileSystem.open('/db/000004.log', 'create');
  segment.write(encodeFileHeader(FileMagic.log, 4), 0);
  segment.write(value, 64);
  const evacuation = new ValueEvacuation(fileSystem, '/db', {
    places: [segmentPlace('log', 4)],
    thresholdBytes: 4096,
    compresses: true,
    fileNumbers: [9],
    fileBytes: 4096,
  });
  const entry = { keyBytes: key, keyStart: 0, keyEnd: key.length, timestamp, valueStart: 0, valueEnd: POINTER_BYTES };
  expect(evacuation.concerns(EntryKind.ValuePointer, pointer, 0, POINTER_BYTES)).toBe(true);
  expect(evacuation.move({ ...entry, kind: EntryKind.ValuePointer, valueBytes: pointer })).toBe(6);
  evacuation.finish();
  expect(hex(readWholeFile(fileSystem, '/db/000009.val'))).toBe(hexBlock('file'));
  const reader = new ValueReader(fileSystem, '/db');
  expect(reader.read({ ...entry, valueBytes: evacuation.pointer }, 0)).toEqual(value);
  expect(() => reader.read({ ...entry, timestamp: 8, valueBytes: evacuation.pointer }, 0)).toThrow(CorruptionError);
  const other = { ...entry, keyBytes: utf8Encode('lane'), valueBytes: evacuation.pointer };
  expect(() => reader.read(other, 0)).toThrow(CorruptionError);
});
