import { describe, expect, test } from 'vitest';
import { InvalidArgumentError } from '../../../src/base/index.js';
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
    expect(registry.view()).toEqual({ horizon: 20, pinned: [7, 10] });
    registry.unpin(7);
    expect(registry.view()).toEqual({ horizon: 20, pinned: [10] });
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
