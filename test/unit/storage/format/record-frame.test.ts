import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../../../src/base/index.js';
import {
  beginFrame,
  endFrame,
  FRAME_HEADER_BYTES,
  type FrameScan,
  FrameType,
  placeFrames,
  scanFrames,
} from '../../../../src/storage/format/record-frame.js';
import { bytes } from '../fixtures.js';

const FILE_NUMBER = 12;

/** A file of frames, each written when `synced[i]` bytes of the file were durable. */
function fileOf(bodies: readonly string[], synced: readonly number[] = []): { file: Uint8Array; starts: number[] } {
  const starts: number[] = [];
  const whole = new ByteWriter();
  for (const [i, body] of bodies.entries()) {
    const frame = new ByteWriter();
    const start = beginFrame(frame, FrameType.Batch);
    frame.raw(bytes(body));
    endFrame(frame, start);
    starts.push(whole.length);
    placeFrames(frame.bytes(), { fileNumber: FILE_NUMBER, offset: whole.length, syncedOffset: synced[i] ?? 0 });
    whole.raw(frame.bytes());
  }
  return { file: whole.toBytes(), starts };
}

function scan(file: Uint8Array, fileNumber = FILE_NUMBER): { bodies: string[]; result: FrameScan } {
  const bodies: string[] = [];
  const result = scanFrames(file, fileNumber, 0, (_type, start, end) => {
    bodies.push(Buffer.from(file.slice(start, end)).toString());
  });
  return { bodies, result };
}

describe('record frames', () => {
  test('are visited in order', () => {
    const { file } = fileOf(['one', '', 'three']);
    const { bodies, result } = scan(file);
    expect(bodies).toEqual(['one', '', 'three']);
    expect(result).toEqual({ end: file.length, damage: undefined, damageWasDurable: false, intactBehindDamage: false });
  });

  test('do not verify in another file or at another offset', () => {
    const { file, starts } = fileOf(['one', 'two']);
    expect(scan(file, FILE_NUMBER + 1).bodies).toEqual([]);
    expect(scan(file.slice(starts[1])).bodies).toEqual([]);
  });

  test('stop at a bit flip anywhere', () => {
    const { file, starts } = fileOf(['one', 'two', 'three']);
    for (let at = starts[1]!; at < starts[2]!; at++) {
      const damaged = file.slice();
      damaged[at]! ^= 0x10;
      const { bodies, result } = scan(damaged);
      expect(bodies, `flip at ${at}`).toEqual(['one']);
      expect(result.end).toBe(starts[1]);
      expect(result.intactBehindDamage).toBe(true);
    }
  });

  test('end before a torn or zeroed tail', () => {
    const { file, starts } = fileOf(['one', 'two']);
    for (let length = starts[1]! + 1; length < file.length; length++) {
      expect(scan(file.slice(0, length)).bodies).toEqual(['one']);
    }
    const zeros = new Uint8Array(file.length + 5000);
    zeros.set(file);
    const { bodies, result } = scan(zeros);
    expect(bodies).toEqual(['one', 'two']);
    expect(result).toMatchObject({ end: file.length, damageWasDurable: false, intactBehindDamage: false });
  });

  test('testify that damaged bytes had been durable', () => {
    const bodies = ['one', 'two', 'three', 'four'];
    const { starts } = fileOf(bodies);
    const damage = (synced: number[]): FrameScan => {
      const { file } = fileOf(bodies, synced);
      file[starts[1]! + FRAME_HEADER_BYTES]! ^= 1;
      return scan(file).result;
    };
    expect(damage([0, 0, starts[1]!, starts[1]!]).damageWasDurable).toBe(false);
    expect(damage([0, 0, starts[1]!, starts[1]! + 1]).damageWasDurable).toBe(true);
    expect(damage([0, 0, starts[2]!, starts[2]!]).damageWasDurable).toBe(true);
  });

  test('a length that claims more than there is stops the reader without an allocation', () => {
    const { file } = fileOf(['one']);
    new DataView(file.buffer).setUint32(8, 0xffff_fff0, true);
    expect(scan(file).result.damage).toMatchObject({ offset: 8, expected: 'a body of 4294967280 bytes' });
  });
});
