/** Copying and checking whole files. */

import { describe, expect, it } from 'vitest';
import { digestContent } from '../../../src/recovery/content-checksum.js';
import { type File, MemFileSystem } from '../../../src/vfs/index.js';

const PIECE = 64 * 1024;

function fileOf(fs: MemFileSystem, name: string, bytes: Uint8Array): File {
  const file = fs.open(name, 'create');
  file.write(bytes, 0);
  return file;
}

describe('digestContent', () => {
  it.each([0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17])('copies %i bytes and digests both alike', (length) => {
    const fs = new MemFileSystem();
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) >> 3);
    const source = fileOf(fs, 'source', bytes);
    const target = fs.open('target', 'create');
    const digest = digestContent(source, target);
    expect(digest.sizeBytes).toBe(length);
    expect(digestContent(target)).toEqual(digest);
    const copied = new Uint8Array(length);
    target.read(copied, 0);
    expect(Buffer.compare(copied, bytes)).toBe(0);
  });

  it('notices a changed byte, a missing tail and exchanged pieces', () => {
    const fs = new MemFileSystem();
    const [one, two] = [new Uint8Array(PIECE).fill(1), new Uint8Array(PIECE).fill(2)];
    const digest = digestContent(fileOf(fs, 'a', Buffer.concat([one, two])));
    const changed = Buffer.concat([one, two]);
    changed[PIECE + 5]! ^= 4;
    expect(digestContent(fileOf(fs, 'b', changed)).contentChecksum).not.toBe(digest.contentChecksum);
    expect(digestContent(fileOf(fs, 'c', one))).not.toEqual(digest);
    expect(digestContent(fileOf(fs, 'd', Buffer.concat([two, one]))).contentChecksum).not.toBe(digest.contentChecksum);
  });
});
