import { describe, expect, test } from 'vitest';
import { CorruptionError, seededRandom } from '../../../../src/base/index.js';
import { FILE_HEADER_BYTES } from '../../../../src/storage/format/file-header.js';
import { LogFrames } from '../../../../src/storage/log/log-frames.js';
import { type LogReplay, replayLog } from '../../../../src/storage/log/log-reader.js';
import { LogWriter } from '../../../../src/storage/log/log-writer.js';
import { type File, type FileSystem, MemFileSystem, type OpenMode } from '../../../../src/vfs/index.js';
import { FaultFileSystem } from '../../../support/fault-file-system.js';
import { batchOf } from '../fixtures.js';

const DIRECTORY = '/log';
const NUMBER = 3;
const PATH = `${DIRECTORY}/000003.log`;

function freshFileSystem(): MemFileSystem {
  const fileSystem = new MemFileSystem({ trackCrashes: true });
  fileSystem.createDirectory(DIRECTORY);
  return fileSystem;
}

function createLog(fileSystem: FileSystem, extensionBytes = 0): LogWriter {
  return LogWriter.create(fileSystem, DIRECTORY, NUMBER, { extensionBytes, vouches: true });
}

function writeBatch(log: LogWriter, timestamp: number): void {
  const frames = new LogFrames({ thresholdBytes: Number.POSITIVE_INFINITY, compression: 'none' });
  frames.addBatch(timestamp, batchOf({ [`key${timestamp}`]: 'value' }), undefined);
  log.write(frames);
}

function writeEnd(log: LogWriter, lastTimestamp: number, successor: number): void {
  const frames = new LogFrames({ thresholdBytes: Number.POSITIVE_INFINITY, compression: 'none' });
  frames.addEnd(lastTimestamp, successor);
  log.writeEnd(frames);
}

function replay(fileSystem: FileSystem, last = true, after = 0): LogReplay & { timestamps: number[] } {
  const timestamps: number[] = [];
  const visit = (record: { timestamp: number }): void => void timestamps.push(record.timestamp);
  return { ...replayLog(fileSystem, DIRECTORY, NUMBER, { whole: !last, after, visit }), timestamps };
}

/** Overwrites bytes of the segment. */
function damage(fileSystem: FileSystem, position: number, content: Uint8Array): void {
  const file = fileSystem.open(PATH, 'update');
  file.write(content, position);
  file.close();
}

describe('log segment', () => {
  test('is replayed in order and ends where it says', () => {
    const fileSystem = freshFileSystem();
    const log = createLog(fileSystem);
    for (const timestamp of [5, 6, 9]) writeBatch(log, timestamp);
    expect(replay(fileSystem)).toMatchObject({ timestamps: [5, 6, 9], batches: 3, tornBytes: 0, successor: undefined });
    writeEnd(log, 9, 8);
    log.close();
    expect(replay(fileSystem)).toMatchObject({ timestamps: [5, 6, 9], intactBytes: log.sizeBytes, successor: 8 });
  });

  test('refuses timestamps that do not rise', () => {
    const fileSystem = freshFileSystem();
    const log = createLog(fileSystem);
    writeBatch(log, 5);
    expect(() => replay(fileSystem, true, 5)).toThrow('expected a timestamp above 5, found 5');
    writeEnd(log, 6, 0);
    expect(() => replay(fileSystem)).toThrow('expected an end after timestamp 5, found 6');
  });

  test('may end in a torn tail when it is the last, cut at any byte', () => {
    const fileSystem = freshFileSystem();
    const log = createLog(fileSystem);
    writeBatch(log, 1);
    const intact = log.sizeBytes;
    writeBatch(log, 2);
    log.close();
    for (let size = log.sizeBytes - 1; size > intact; size--) {
      const file = fileSystem.open(PATH, 'update');
      file.truncate(size);
      file.close();
      const found = replay(fileSystem);
      expect(found).toMatchObject({ timestamps: [1], intactBytes: intact });
      expect(found.tornBytes).toBeGreaterThan(0);
      expect(found.tornBytes).toBeLessThanOrEqual(size - intact);
      expect(() => replay(fileSystem, false)).toThrow(CorruptionError);
    }
  });

  test('with a successor must have its end', () => {
    const fileSystem = freshFileSystem();
    const log = createLog(fileSystem);
    writeBatch(log, 1);
    expect(() => replay(fileSystem, false)).toThrow('expected the end record of the segment');
    writeEnd(log, 1, 8);
    expect(replay(fileSystem, false).successor).toBe(8);
    writeBatch(log, 2);
    expect(() => replay(fileSystem)).toThrow('expected the end of the segment');
  });

  test('is refused when bytes are damaged that had been durable', async () => {
    const fileSystem = freshFileSystem();
    const log = createLog(fileSystem);
    writeBatch(log, 1);
    const second = log.sizeBytes;
    writeBatch(log, 2);
    await log.sync();
    writeBatch(log, 3);
    log.close();
    damage(fileSystem, second + 10, Uint8Array.of(0xff));
    expect(() => replay(fileSystem)).toThrow(CorruptionError);
  });

  test('is cut at the first damage when nothing behind it had been durable', () => {
    const fileSystem = freshFileSystem();
    const log = createLog(fileSystem);
    writeBatch(log, 1);
    const second = log.sizeBytes;
    writeBatch(log, 2);
    writeBatch(log, 3);
    log.close();
    damage(fileSystem, second + 10, Uint8Array.of(0xff));
    expect(replay(fileSystem)).toMatchObject({ timestamps: [1], tornBytes: log.sizeBytes - second });
  });

  test('is refused with a damaged header, unless that had never been durable', () => {
    const fileSystem = freshFileSystem();
    const log = createLog(fileSystem);
    const header = new Uint8Array(FILE_HEADER_BYTES);
    fileSystem.open(PATH, 'read').read(header, 0);
    damage(fileSystem, 0, new Uint8Array(FILE_HEADER_BYTES).fill(7));
    expect(replay(fileSystem)).toMatchObject({ timestamps: [], tornBytes: FILE_HEADER_BYTES });
    expect(() => replay(fileSystem, false)).toThrow(CorruptionError);
    writeBatch(log, 1);
    expect(replay(fileSystem)).toMatchObject({ timestamps: [], intactBytes: 0, tornBytes: log.sizeBytes });
    damage(fileSystem, 0, header);
    log.syncNow();
    writeBatch(log, 2);
    log.close();
    expect(replay(fileSystem).timestamps).toEqual([1, 2]);
    damage(fileSystem, 0, new Uint8Array(FILE_HEADER_BYTES));
    expect(() => replay(fileSystem)).toThrow('the magic VRVL');
  });

  test('has a durable header and name once it was synced, on this thread or beside it', async () => {
    for (const sync of [async (log: LogWriter) => log.syncNow(), async (log: LogWriter) => log.sync()]) {
      const fileSystem = freshFileSystem();
      fileSystem.syncDirectory('/');
      const log = createLog(fileSystem);
      writeBatch(log, 1);
      expect(fileSystem.crashImage('lost', seededRandom(1)).exists(PATH)).toBe(false);
      await sync(log);
      expect(replay(fileSystem.crashImage('lost', seededRandom(1))).timestamps).toEqual([1]);
    }
  });
});

test('where no second handle can be opened, the next sync waits for the first', async () => {
  const held: (() => void)[] = [];
  const untilSynced = (): Promise<void> => new Promise((resolve) => held.push(resolve));
  const memory = new MemFileSystem({ untilSynced });
  const faulty = new FaultFileSystem(memory, { memory, untilSynced });
  faulty.createDirectory(DIRECTORY);
  const log = createLog(faulty);
  const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  writeBatch(log, 1);
  const first = log.sync();
  faulty.inject({ operation: 'open', errno: 'EMFILE', times: 1 });
  writeBatch(log, 2);
  const second = log.sync();
  await aTurn();
  expect(held).toHaveLength(1);
  held.shift()!();
  await aTurn();
  // The second, and the directory behind the first.
  expect(held).toHaveLength(2);
  held.shift()!();
  held.shift()!();
  await Promise.all([first, second]);
  expect(log.syncedOffset).toBe(log.sizeBytes);
  log.close();
});

test('nothing counts as durable before the name of the segment does', async () => {
  const held: (() => void)[] = [];
  const memory = new MemFileSystem({
    trackCrashes: true,
    untilSynced: () => new Promise((resolve) => held.push(resolve)),
  });
  memory.createDirectory(DIRECTORY);
  memory.syncDirectory('/');
  const log = createLog(memory);
  const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const afterCrash = (): string[] => memory.crashImage('lost', seededRandom(1)).list(DIRECTORY);
  const done: number[] = [];
  for (const number of [1, 2]) {
    writeBatch(log, number);
    void log.sync().then(() => done.push(number));
  }
  await aTurn();
  for (const settle of held.splice(0)) settle();
  await aTurn();
  // Both files are synced; one sync of the directory is for both.
  expect(held).toHaveLength(1);
  expect(afterCrash()).toEqual([]);
  expect([done, log.syncedOffset]).toEqual([[], 0]);
  held[0]!();
  await aTurn();
  expect(done).toEqual([1, 2]);
  expect(log.syncedOffset).toBe(log.sizeBytes);
  expect(afterCrash()).toHaveLength(1);
  log.close();
});

test('two syncs overlap, each on a handle of its own, and cover what was written by then; another one waits', async () => {
  const slow = new SlowFileSystem();
  slow.createDirectory(DIRECTORY);
  const log = createLog(slow);
  for (const timestamp of [1, 2, 3]) writeBatch(log, timestamp);
  const first = log.sync();
  const firstSize = log.sizeBytes;
  writeBatch(log, 4);
  const second = log.sync();
  const secondSize = log.sizeBytes;
  writeBatch(log, 5);
  const third = log.sync();
  expect(slow.syncs).toEqual([1, 2]);
  slow.settle[0]!();
  await first;
  expect(log.syncedOffset).toBe(firstSize);
  await Promise.resolve();
  expect(slow.syncs).toEqual([1, 2, 1]);
  slow.settle[1]!();
  await second;
  expect(log.syncedOffset).toBe(secondSize);
  slow.settle[2]!();
  await third;
  expect(log.syncedOffset).toBe(log.sizeBytes);
  log.close();
  expect(slow.openHandles).toBe(0);
});

test('a sync that waits for others has nothing to do once the segment was synced and closed', async () => {
  const slow = new SlowFileSystem();
  slow.createDirectory(DIRECTORY);
  const log = createLog(slow);
  writeBatch(log, 1);
  const all = Promise.all([log.sync(), log.sync(), log.sync()]);
  log.syncNow();
  log.close();
  expect(slow.openHandles).toBe(2);
  for (const settle of slow.settle) settle();
  await all;
  expect(slow.syncs).toEqual([1, 2]);
  expect(slow.openHandles).toBe(0);
});

test('a sync that waits for others fails with the oldest', async () => {
  const slow = new SlowFileSystem();
  slow.createDirectory(DIRECTORY);
  const log = createLog(slow);
  writeBatch(log, 1);
  const all = Promise.allSettled([log.sync(), log.sync(), log.sync()]);
  slow.settle[0]!(new Error('lost'));
  slow.settle[1]!();
  expect((await all).map((outcome) => outcome.status)).toEqual(['rejected', 'fulfilled', 'rejected']);
  expect(slow.syncs.length).toBe(2);
});

describe('a segment that is extended ahead', () => {
  const EXTENSION = 1024;

  async function extended(): Promise<{ fileSystem: MemFileSystem; log: LogWriter; fileBytes: number }> {
    const fileSystem = freshFileSystem();
    fileSystem.syncDirectory('/');
    const log = createLog(fileSystem, EXTENSION);
    writeBatch(log, 1);
    await log.sync();
    return { fileSystem, log, fileBytes: fileSystem.stat(PATH).sizeBytes };
  }

  test('does not grow with the next records, and is replayed to the end of these', async () => {
    const { fileSystem, log, fileBytes } = await extended();
    expect(fileBytes).toBe(log.sizeBytes + EXTENSION);
    writeBatch(log, 2);
    log.syncNow();
    expect(fileSystem.stat(PATH).sizeBytes).toBe(fileBytes);
    const whole = { timestamps: [1, 2], intactBytes: log.sizeBytes, tornBytes: 0 };
    expect(replay(fileSystem)).toMatchObject(whole);
    expect(replay(fileSystem.crashImage('lost', seededRandom(1)))).toMatchObject(whole);
    expect(() => replay(fileSystem, false)).toThrow('expected the end record of the segment');
  });

  test('is extended again when records have used the room, and not behind its end', async () => {
    const { fileSystem, log, fileBytes } = await extended();
    for (let timestamp = 2; log.sizeBytes < fileBytes; timestamp++) {
      writeBatch(log, timestamp);
      log.syncNow();
    }
    expect(fileSystem.stat(PATH).sizeBytes).toBe(log.sizeBytes + EXTENSION);
    const last = replay(fileSystem).timestamps.at(-1)!;
    writeEnd(log, last, 8);
    log.syncNow();
    log.close();
    expect(replay(fileSystem, false)).toMatchObject({ intactBytes: log.sizeBytes, tornBytes: 0, successor: 8 });
    expect(replay(fileSystem, false).timestamps.length).toBe(last);
  });

  test('is not extended for its end alone, nor for more bytes than a few extensions hold', () => {
    const fileSystem = freshFileSystem();
    const log = createLog(fileSystem, EXTENSION);
    for (let timestamp = 1; log.sizeBytes < EXTENSION; timestamp++) writeBatch(log, timestamp);
    log.syncNow();
    expect(fileSystem.stat(PATH).sizeBytes).toBe(log.sizeBytes);
    writeEnd(log, replay(fileSystem).timestamps.at(-1)!, 8);
    log.syncNow();
    expect(fileSystem.stat(PATH).sizeBytes).toBe(log.sizeBytes);
  });

  test('ends in a torn tail where a record did not reach the device as a whole', async () => {
    const { fileSystem, log } = await extended();
    const intact = log.sizeBytes;
    writeBatch(log, 2);
    damage(fileSystem, intact + 30, new Uint8Array(log.sizeBytes - intact - 30));
    expect(replay(fileSystem)).toMatchObject({ timestamps: [1], intactBytes: intact, tornBytes: expect.any(Number) });
    expect(replay(fileSystem).tornBytes).toBeGreaterThan(20);
    expect(replay(fileSystem).tornBytes).toBeLessThanOrEqual(30);
  });

  test('is refused when a durable record in it was overwritten with zeros and a later one testifies to it', async () => {
    const { fileSystem, log } = await extended();
    const second = log.sizeBytes;
    writeBatch(log, 2);
    log.syncNow();
    const third = log.sizeBytes;
    writeBatch(log, 3);
    damage(fileSystem, second, new Uint8Array(third - second));
    expect(() => replay(fileSystem)).toThrow(CorruptionError);
  });
});

/** A file system whose `sync` promises settle only when told to, and whose files can be told apart. */
class SlowFileSystem extends MemFileSystem {
  readonly written: string[] = [];
  /** The handles of the syncs so far. */
  readonly syncs: number[] = [];
  readonly settle: ((failure?: Error) => void)[] = [];
  openHandles = 0;
  #opened = 0;

  override open(path: string, mode: OpenMode): File {
    return this.#wrapFile(super.open(path, mode));
  }

  #wrapFile(inner: File): File {
    const handle = ++this.#opened;
    this.openHandles++;
    return {
      path: inner.path,
      size: () => inner.size(),
      read: (target, position) => inner.read(target, position),
      write: (content, position) => {
        this.written.push(`${handle}: ${content.length} at ${position}`);
        inner.write(content, position);
      },
      writeParts: (parts, position) => inner.writeParts(parts, position),
      truncate: (size) => inner.truncate(size),
      sync: () =>
        new Promise((resolve, reject) => {
          this.syncs.push(handle);
          this.settle.push((failure) => (failure === undefined ? resolve() : reject(failure)));
        }),
      syncNow: () => inner.syncNow(),
      close: () => {
        this.openHandles--;
        inner.close();
      },
    };
  }
}

describe('a synchronous sync while another is under way', () => {
  test('does not rely on the other: it writes the bytes again through a new handle', async () => {
    const slow = new SlowFileSystem();
    slow.createDirectory(DIRECTORY);
    const log = createLog(slow);
    writeBatch(log, 1);
    const pending = log.sync();
    const size = log.sizeBytes;
    log.syncNow();
    expect(slow.written.at(-1)).toBe(`2: ${size} at 0`);
    expect(log.syncedOffset).toBe(size);

    writeBatch(log, 2);
    const writes = slow.written.length;
    log.syncNow();
    expect(slow.written.length).toBe(writes);
    slow.settle[0]!(new Error('late'));
    await expect(pending).rejects.toThrow('late');
    log.close();
    expect(replay(slow).timestamps).toEqual([1, 2]);
  });

  test.each([FILE_HEADER_BYTES + 5, 5])('refuses when byte %d cannot be read back intact', (position) => {
    const slow = new SlowFileSystem();
    slow.createDirectory(DIRECTORY);
    const log = createLog(slow);
    writeBatch(log, 1);
    const pending = log.sync();
    damage(slow, position, Uint8Array.of(0xee));
    expect(() => log.syncNow()).toThrow(CorruptionError);
    slow.settle[0]!();
    return pending;
  });
});
