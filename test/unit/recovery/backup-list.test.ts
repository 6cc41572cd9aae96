/** The bytes of `BACKUP`: the documented example, round trips, and every kind of damage. */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptionError, InvalidArgumentError, placedChecksum } from '../../../src/base/index.js';
import { type BackupList, decodeBackupList, encodeBackupList } from '../../../src/recovery/backup-list.js';
import { propertyOptions } from '../../support/seed.js';

const example: BackupList = {
  timestamp: 1000,
  manifestNumber: 9,
  files: [
    { kind: 'manifest', number: 9, sizeBytes: 137, contentChecksum: 0x1a2b3c4d },
    { kind: 'table', number: 7, sizeBytes: 70_000, contentChecksum: 0xdeadbeef },
  ],
};

function documentedBytes(): Uint8Array {
  const text = readFileSync(new URL('../../../docs/formats/backup.md', import.meta.url), 'utf8');
  const block = /```hex backup\n([^`]*)```/.exec(text)?.[1] ?? '';
  return Uint8Array.from(block.replace(/#.*$/gm, '').trim().split(/\s+/), (byte) => Number.parseInt(byte, 16));
}

/** A copy with one byte changed and the checksum made right again. */
function withByte(at: number, value: number): Uint8Array {
  const bytes = encodeBackupList(example);
  bytes[at] = value;
  const end = bytes.length - 4;
  new DataView(bytes.buffer).setUint32(end, placedChecksum(0, 0, bytes.subarray(0, end)), true);
  return bytes;
}

describe('backup list', () => {
  it('is written and read as documented', () => {
    const bytes = documentedBytes();
    expect(bytes.length).toBe(74);
    expect(encodeBackupList(example)).toEqual(bytes);
    expect(decodeBackupList(bytes, 'BACKUP')).toEqual(example);
  });

  it('reads back what was written', () => {
    const integer = fc.maxSafeNat();
    const checksum = fc.nat({ max: 0xffffffff });
    const table = fc.record({
      kind: fc.constant('table' as const),
      number: integer,
      sizeBytes: integer,
      contentChecksum: checksum,
    });
    const lists = fc.record({ timestamp: integer, manifestNumber: integer, tables: fc.array(table), checksum });
    fc.assert(
      fc.property(lists, ({ timestamp, manifestNumber, tables, checksum: contentChecksum }) => {
        const manifest = { kind: 'manifest' as const, number: manifestNumber, sizeBytes: 1, contentChecksum };
        const list = { timestamp, manifestNumber, files: [...tables, manifest] };
        expect(decodeBackupList(encodeBackupList(list), 'BACKUP')).toEqual(list);
      }),
      propertyOptions(100),
    );
  });

  it('refuses every flipped bit and every length', () => {
    const bytes = encodeBackupList(example);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decodeBackupList(flipped, 'BACKUP')).toThrow(CorruptionError);
    }
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeBackupList(bytes.slice(0, length), 'BACKUP')).toThrow(CorruptionError);
    }
    expect(() => decodeBackupList(Uint8Array.of(...bytes, 0), 'BACKUP')).toThrow(CorruptionError);
  });

  it('refuses a newer version, an impossible count, an unknown kind, and a manifest that is not there', () => {
    expect(() => decodeBackupList(withByte(4, 3), 'BACKUP')).toThrow(InvalidArgumentError);
    expect(() => decodeBackupList(withByte(27, 255), 'BACKUP')).toThrow(/offset 24: expected 4278190082 files/);
    expect(() => decodeBackupList(withByte(28, 5), 'BACKUP')).toThrow(/offset 28: expected a manifest/);
    expect(() => decodeBackupList(withByte(29, 8), 'BACKUP')).toThrow(/expected manifest 9/);
    expect(() => decodeBackupList(withByte(49, 1), 'BACKUP')).toThrow(/expected manifest 9/);
  });
});
