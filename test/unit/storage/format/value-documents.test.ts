import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { utf8Encode } from '../../../../src/base/index.js';
import { ValueEvacuation } from '../../../../src/storage/compaction/value-evacuation.js';
import { encodeFileHeader, FileMagic } from '../../../../src/storage/format/file-header.js';
import { POINTER_BYTES, putPointer, segmentPlace } from '../../../../src/storage/format/value-pointer.js';
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
  const value = utf8Encode('varved');
  const pointer = new Uint8Array(POINTER_BYTES);
  putPointer(pointer, 0, segmentPlace('log', 4), 64, value);
  expect(hex(pointer)).toBe(hexBlock('pointer'));

  const fileSystem = new MemFileSystem();
  fileSystem.createDirectory('/db');
  const segment = fileSystem.open('/db/000004.log', 'create');
  segment.write(encodeFileHeader(FileMagic.log, 4), 0);
  segment.write(value, 64);
  const evacuation = new ValueEvacuation(fileSystem, '/db', { places: [segmentPlace('log', 4)], fileNumber: 9 });
  expect(evacuation.concerns(pointer, 0)).toBe(true);
  expect(evacuation.move(pointer, 0, 0)).toBe(6);
  evacuation.finish();
  expect(hex(readWholeFile(fileSystem, '/db/000009.val'))).toBe(hexBlock('file'));
  expect(new ValueReader(fileSystem, '/db').read(evacuation.pointer, 0)).toEqual(value);
});
