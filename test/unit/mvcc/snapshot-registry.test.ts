import { describe, expect, test } from 'vitest';
import { InvalidArgumentError, ManualClock } from '../../../src/base/index.js';
import type { History } from '../../../src/mvcc/history.js';
import { SnapshotRegistry } from '../../../src/mvcc/snapshot-registry.js';

function registryAt(
  published: { timestamp: number },
  prunedThrough = 0,
  released: (timestamp: number) => void = () => undefined,
): SnapshotRegistry {
  const registry = new SnapshotRegistry();
  registry.attach({
    get lastTimestamp() {
      return published.timestamp;
    },
    prunedThrough,
    timestampAt: (atMs) => Math.floor(atMs / 1000),
    released,
  });
  return registry;
}

describe('what storage may drop', () => {
  test('is nothing before recovery has said where it stands', () => {
    expect(new SnapshotRegistry().view()).toEqual({ horizon: 0, pinned: [] });
  });

  test('is all that neither the newest commit nor a snapshot sees', () => {
    const published = { timestamp: 10 };
    const registry = registryAt(published);
    registry.pin(7);
    registry.pin(10);
    published.timestamp = 20;
    expect(registry.view()).toEqual({ horizon: 20, pinned: [7, 10], versions: 1 });
    registry.unpin(7);
    expect(registry.view()).toEqual({ horizon: 20, pinned: [10], versions: 1 });
  });
});

test('the engine hears when the last snapshot of a timestamp is closed', () => {
  const released: number[] = [];
  const registry = registryAt({ timestamp: 10 }, 0, (timestamp) => void released.push(timestamp));
  registry.pin(7);
  registry.pin(7);
  registry.pin(9);
  registry.unpin(7);
  registry.unpin(9);
  expect(released).toEqual([9]);
  registry.unpin(7);
  expect(released).toEqual([9, 7]);
});

describe('history', () => {
  /** Timestamp n was committed at n seconds. */
  function registryWith(
    history: History,
    clock: ManualClock,
    engine: { last: number; pruned: number },
  ): SnapshotRegistry {
    const registry = new SnapshotRegistry(history, clock);
    registry.attach({
      get lastTimestamp() {
        return engine.last;
      },
      get prunedThrough() {
        return engine.pruned;
      },
      timestampAt: (atMs) => Math.min(engine.last, Math.floor(atMs / 1000)),
      released: () => undefined,
    });
    return registry;
  }

  test('by time keeps every state of the window, and never asks for more than it gave up', () => {
    const clock = new ManualClock(100_000);
    const registry = registryWith({ ms: 30_000 }, clock, { last: 90, pruned: 0 });
    expect(registry.view()).toMatchObject({ horizon: 70, versions: 1 });
    registry.checkReadable(70, 90);
    expect(() => registry.checkReadable(69, 90)).toThrow('history reaches from 70 to 90');
    clock.jumpTo(50_000);
    expect(registry.view().horizon).toBe(70);
    clock.jumpTo(1_000_000);
    expect(registry.view().horizon).toBe(90);
  });

  test('by number reaches as far back as nothing was dropped', () => {
    const engine = { last: 90, pruned: 10 };
    const registry = registryWith({ versions: 5 }, new ManualClock(), engine);
    const given = registry.view();
    expect(given).toEqual({ horizon: 90, pinned: [], versions: 5 });
    registry.checkReadable(10, 90);
    registry.pin(20);
    expect(registry.stillAllows(given, 21)).toBe(false);
    expect(registry.stillAllows(given, 20)).toBe(true);
    expect(registry.stillAllows(registry.view(), 21)).toBe(true);
    engine.pruned = 15;
    expect(() => registry.checkReadable(14, 90)).toThrow(InvalidArgumentError);
  });

  test.each([{ ms: 1 }, { versions: 4 }])('of %j keeps every change that somebody has yet to read', (kept) => {
    const engine = { last: 90, pruned: 10 };
    const registry = registryWith(kept, new ManualClock(1e9), engine);
    registry.checkChangesSince(10, 90);
    const given = registry.view();
    engine.last = 95;
    registry.keepSince(90);
    expect(registry.view().horizon).toBe(90);
    expect(registry.stillAllows(given, 91)).toBe('ms' in kept);
    registry.releaseSince(90);
    expect(registry.view().horizon).toBe(95);
    expect(() => registry.checkChangesSince(9, 95)).toThrow(InvalidArgumentError);
    expect(() => registry.checkChangesSince(96, 95)).toThrow(InvalidArgumentError);
  });
});

describe('what can still be read', () => {
  test('is everything since storage last asked', () => {
    const published = { timestamp: 10 };
    const registry = registryAt(published);
    published.timestamp = 15;
    registry.checkReadable(10, 15);
    registry.checkReadable(12, 15);
    registry.view();
    expect(() => registry.checkReadable(12, 15)).toThrow(InvalidArgumentError);
    registry.checkReadable(15, 15);
  });

  test('begins, after reopening, where versions were dropped before', () => {
    const registry = registryAt({ timestamp: 10 }, 6);
    registry.checkReadable(6, 10);
    expect(() => registry.checkReadable(5, 10)).toThrow(InvalidArgumentError);
  });

  test('is what another snapshot keeps', () => {
    const published = { timestamp: 10 };
    const registry = registryAt(published);
    registry.pin(10);
    published.timestamp = 15;
    registry.view();
    registry.checkReadable(10, 15);
    expect(() => registry.checkReadable(11, 15)).toThrow(InvalidArgumentError);
    registry.unpin(10);
    expect(() => registry.checkReadable(10, 15)).toThrow(InvalidArgumentError);
  });

  test('is not the future, nor what is no timestamp', () => {
    const registry = registryAt({ timestamp: 10 });
    for (const asOf of [11, 10.5, Number.NaN, -1]) {
      expect(() => registry.checkReadable(asOf, 10)).toThrow(InvalidArgumentError);
    }
  });
});
