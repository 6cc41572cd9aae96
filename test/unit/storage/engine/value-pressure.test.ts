/** What counts as the space of values: commits are slowed for it, and spare segments give way to it. */

import { expect, test } from 'vitest';
import { ValueLog } from '../../../../src/storage/engine/value-log.js';
import { segmentPlace } from '../../../../src/storage/format/value-pointer.js';
import { ManifestWriter } from '../../../../src/storage/version/manifest.js';
import { Version } from '../../../../src/storage/version/version.js';
import { VersionSet } from '../../../../src/storage/version/version-set.js';
import { TABLE_DIRECTORY, tableFileSystem, tableMeta } from '../fixtures.js';

const MIB = 2 ** 20;
const OPTIONS = { thresholdBytes: 4096, segmentBytes: 4 * MIB, garbageRatio: 0.5, compression: 'none' } as const;

/** Files of 4 MiB, numbered from 11 on, and what a table points to in each, in MiB; three more that nobody needs. */
function opened(aliveMiB: readonly number[], unflushed = { bytes: 0 }) {
  const fileSystem = tableFileSystem();
  const state = {
    version: new Version(),
    nextFileNumber: 100,
    logNumber: 90,
    lastTimestamp: 0,
    prunedThrough: 0,
    times: [],
  };
  const manifest = ManifestWriter.create(fileSystem, TABLE_DIRECTORY, 6, state);
  const source = { fileSystem, directory: TABLE_DIRECTORY, cache: undefined };
  const versions = new VersionSet(source, state, manifest, (paths, gone) => {
    for (const path of paths) fileSystem.unlink(path);
    gone();
  });
  const log = new ValueLog(versions, { valueLog: OPTIONS, memtableBytes: MIB }, () => unflushed.bytes);
  const create = (number: number): void => {
    const file = fileSystem.open(`${TABLE_DIRECTORY}/0000${number}.log`, 'create');
    file.truncate(4 * MIB);
    file.close();
  };
  const references = aliveMiB.map((alive, i) => {
    create(11 + i);
    return { place: segmentPlace('log', 11 + i), values: 1, bytes: alive * MIB, end: 4 * MIB };
  });
  const table = { ...tableMeta(1, 'a', 'z'), references };
  versions.install({ added: [{ level: 6, run: 0, table }], removed: [] });
  versions.durableNow();
  for (const number of [81, 82, 83]) {
    create(number);
    versions.spares.reusing(number);
    versions.addFlushedLog(number, 0);
  }
  versions.deleteObsolete();
  return { versions, log };
}

test('what only memtables point to counts at once', () => {
  const unflushed = { bytes: 0 };
  const { log } = opened([4, 4, 4, 4], unflushed);
  expect(log.pressure().value).toBe(0);
  unflushed.bytes = 40 * MIB;
  expect(log.pressure().value).toBeGreaterThan(0);
  unflushed.bytes = 0;
  expect(log.pressure().value).toBe(0);
});

test('what a merge may move counts until it has ended, and spare segments give way to it', () => {
  // 16 MiB are alive in 36, and 12 are spare. There may be 48, and commits are slowed from 46.4 on without what is spare.
  const unflushed = { bytes: 0 };
  const { versions, log } = opened([4, 4, 2, 1.5, 1.5, 1, 1, 0.5, 0.5], unflushed);
  expect(versions.spares.bytes).toBe(12 * MIB);
  log.keepUp();
  const evacuation = log.evacuation([]);
  expect(evacuation?.places.map((place) => place / 2)).toEqual([18, 19, 16, 17]);
  expect(versions.spares.bytes).toBe(8 * MIB);
  expect(log.pressure().value).toBe(0);
  unflushed.bytes = 8 * MIB;
  expect(log.pressure().value).toBeGreaterThan(0);
  log.mergeEnded();
  expect(log.pressure().value).toBe(0);
});
