import { describe, expect, test } from 'vitest';
import type { BlockSink } from '../../../../src/storage/cache/written-blocks.js';
import {
  type BlockLoad,
  blockTransit,
  TransitSink,
  unloadBlocks,
} from '../../../../src/storage/compaction/block-transit.js';

class Received implements BlockSink {
  readonly blocks: string[] = [];

  take(fileNumber: number, number: number, block: Uint8Array): void {
    expect(block.every((byte) => byte === block[0])).toBe(true);
    this.blocks.push(`${fileNumber}/${number}: ${block.length} × ${block[0]}`);
  }

  discard(): void {
    this.blocks.length = 0;
  }
}

const block = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

describe('the transit of blocks', () => {
  test('hands over every block, of several tables and more than an area holds', () => {
    const transit = blockTransit();
    const received = new Received();
    const expected: string[] = [];
    // Unloaded at once, as by a thread that has nothing else to do.
    const sink = new TransitSink(transit, (load) => unloadBlocks(transit, load, received));
    for (let i = 0; i < 3000; i++) {
      const [fileNumber, length] = [7 + Math.floor(i / 1300), 1 + ((i * 7919) % 5000)];
      sink.take(fileNumber, i * 2, block(length, i % 251));
      expected.push(`${fileNumber}/${i * 2}: ${length} × ${i % 251}`);
    }
    sink.flush();
    sink.flush();
    expect(received.blocks).toEqual(expected);
    expect([...transit.states].every((state) => state === 0)).toBe(true);
  });

  test('is bounded: what comes while nobody unloads is let go', () => {
    const transit = blockTransit();
    const loads: BlockLoad[] = [];
    const sink = new TransitSink(transit, (load) => loads.push(load));
    for (let i = 0; i < 3000; i++) sink.take(7, i, block(4096, i % 251));
    expect(loads.length).toBe(transit.states.length);
    const received = new Received();
    for (const load of loads) unloadBlocks(transit, load, received);
    expect(received.blocks).toEqual(Array.from({ length: 1024 }, (_, i) => `7/${i}: 4096 × ${i % 251}`));
    // There is room again.
    sink.take(8, 0, block(10, 1));
    sink.flush();
    unloadBlocks(transit, loads.at(-1)!, received);
    expect(received.blocks.at(-1)).toBe('8/0: 10 × 1');
  });

  test('forgets the blocks of a table that will not be, and those for nobody', () => {
    const transit = blockTransit();
    const loads: BlockLoad[] = [];
    const sink = new TransitSink(transit, (load) => loads.push(load));
    sink.take(7, 0, block(10, 1));
    sink.discard(8);
    sink.discard(7);
    sink.flush();
    expect(loads).toEqual([]);
    sink.take(9, 0, block(10, 1));
    sink.flush();
    unloadBlocks(transit, loads[0]!, undefined);
    expect([...transit.states].every((state) => state === 0)).toBe(true);
  });

  test('is used by several jobs at a time', () => {
    const transit = blockTransit();
    const received = new Received();
    const sinks = [1, 2, 3].map(() => new TransitSink(transit, (load) => unloadBlocks(transit, load, received)));
    for (let i = 0; i < 300; i++)
      for (const [job, sink] of sinks.entries()) sink.take(job + 1, i, block(3000, i % 200));
    for (const sink of sinks) sink.flush();
    for (const job of [1, 2, 3]) {
      const own = received.blocks.filter((text) => text.startsWith(`${job}/`));
      expect(own).toEqual(Array.from({ length: 300 }, (_, i) => `${job}/${i}: 3000 × ${i % 200}`));
    }
  });
});
