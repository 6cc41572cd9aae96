/** What the machine does with values when no store is in between: the yardsticks of the `values` suite. */

import { closeSync, fdatasync, fsyncSync, openSync, readSync, unlinkSync, writeSync, writevSync } from 'node:fs';
import { join } from 'node:path';

const FILE_BYTES = 2 ** 25;
/** What old and new values may take together, for a byte of values alive. */
export const RAW_SPACE = 2.2;

export interface RawReads {
  readonly directory: string;
  readonly valueBytes: number;
  readonly records: number;
  readonly reads: number;
  readonly drawRecord: () => number;
}

/** Reads a second by whoever knows where each value lies, and asks the page cache for it: each into a buffer of its own. */
export function preadsPerSec({ directory, valueBytes, records, reads, drawRecord }: RawReads): number {
  const path = join(directory, 'pread');
  const file = openSync(path, 'wx+');
  try {
    const content = Buffer.alloc(valueBytes, 1);
    for (let i = 0; i < records; i++) writeSync(file, content, 0, valueBytes, i * valueBytes);
    fsyncSync(file);
    const places = Float64Array.from({ length: reads }, () => drawRecord() * valueBytes);
    const startMs = performance.now();
    for (const place of places) readSync(file, Buffer.allocUnsafeSlow(valueBytes), 0, valueBytes, place);
    return (reads * 1000) / (performance.now() - startMs);
  } finally {
    closeSync(file);
    unlinkSync(path);
  }
}

export interface RawWrites {
  readonly directory: string;
  readonly valueBytes: number;
  readonly liveBytes: number;
  /** How many bytes are overwritten while the time is taken. */
  readonly bytes: number;
  /** Values to a call of `writev`. */
  readonly perBatch: number;
  readonly valueAt: (index: number) => Uint8Array;
}

/**
 * Values a second by whoever keeps every old value until the new one is on the device, and no more than `RAW_SPACE`: over files
 * that are there, in turn, without keys, copies or checksums. A file is synced beside this thread as soon as it is full; the thread waits while
 * more than the space beyond what is alive is not synced. All files are written and synced once before; the time ends when all is synced.
 */
export async function writevPerSec(work: RawWrites): Promise<number> {
  const { directory, valueBytes, liveBytes, perBatch, valueAt } = work;
  const count = Math.max(2, Math.floor((RAW_SPACE * liveBytes) / FILE_BYTES));
  const unsyncedMax = Math.max(1, Math.floor(((RAW_SPACE - 1) * liveBytes) / FILE_BYTES));
  const paths = Array.from({ length: count }, (_, file) => join(directory, `writev${file}`));
  const descriptors = paths.map((path) => openSync(path, 'wx'));
  const unsynced: Promise<void>[] = [];
  const fill = async (file: number): Promise<void> => {
    if (unsynced.length >= unsyncedMax) await unsynced.shift();
    const descriptor = descriptors[file % count]!;
    for (let at = 0; at < FILE_BYTES; at += perBatch * valueBytes) {
      const first = file + at / valueBytes;
      writevSync(
        descriptor,
        Array.from({ length: perBatch }, (_, i) => valueAt(first + i)),
        at,
      );
    }
    unsynced.push(synced(descriptor));
  };
  try {
    for (let file = 0; file < count; file++) await fill(file);
    await Promise.all(unsynced.splice(0));
    const measured = Math.ceil(work.bytes / FILE_BYTES);
    const startMs = performance.now();
    for (let file = count; file < count + measured; file++) await fill(file);
    // Else a short run would count what it leaves to be synced as done: twice the rate.
    await Promise.all(unsynced);
    const elapsedMs = performance.now() - startMs;
    return (measured * FILE_BYTES * 1000) / valueBytes / elapsedMs;
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
    for (const path of paths) unlinkSync(path);
  }
}

function synced(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(descriptor, (fault) => {
      if (fault) reject(fault);
      else resolve();
    });
  });
}
