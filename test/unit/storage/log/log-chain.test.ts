import { describe, expect, test } from 'vitest';
import { CorruptionError, IoError, seededRandom } from '../../../../src/base/index.js';
import { inlineExecutor, type JobExecutor } from '../../../../src/storage/index.js';
import { CRASH_MODES, type File, MemFileSystem, type OpenMode, systemEnvironment } from '../../../../src/vfs/index.js';
import { seed } from '../../../support/seed.js';
import { batchOf, ENGINE_DIRECTORY, ENGINE_OPTIONS, getText, openTestEngine } from '../fixtures.js';

/** Never begins a flush of its own accord. */
function idle(memory: MemFileSystem): JobExecutor {
  const inner = inlineExecutor(systemEnvironment({ fileSystem: memory }));
  return {
    run: () => new Promise(() => undefined),
    runNow: (job) => inner.runNow(job),
    cancel: () => undefined,
    remove: (paths) => inner.remove(paths),
    close: () => inner.close(),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Remembers how many segments were being synced at a time. The first sync takes longest, the second may fail, once. */
class CountingSyncs extends MemFileSystem {
  most = 0;
  secondFails = false;
  #underWay = 0;
  #begun = 0;

  override open(path: string, mode: OpenMode): File {
    const file = super.open(path, mode);
    const sync = file.sync.bind(file);
    if (!path.endsWith('.log')) return file;
    file.sync = async () => {
      this.most = Math.max(this.most, ++this.#underWay);
      const isFirst = ++this.#begun === 1;
      const fails = this.#begun === 2 && this.secondFails;
      for (let turns = isFirst ? 5 : 1; turns > 0; turns--) await turn();
      this.#underWay--;
      if (fails) throw new IoError({ operation: 'sync', path, errno: 'EIO' });
      await sync();
    };
    return file;
  }
}

/** An engine that flushes nothing, with buffered commits in four segments. */
async function loaded(memory = new MemFileSystem({ trackCrashes: true })) {
  const options = { memtableBytes: 4096, valueLog: { ...ENGINE_OPTIONS.valueLog, thresholdBytes: 4096 } };
  const { engine } = await openTestEngine(memory, options, { executor: idle(memory) });
  const logs = () => memory.list(ENGINE_DIRECTORY).filter((name) => name.endsWith('.log'));
  let timestamp = 0;
  while (logs().length < 4) {
    timestamp++;
    engine.commitSync(batchOf({ [`k${timestamp}`]: 'v'.repeat(100) }), timestamp, { durability: 'buffered' });
  }
  return { memory, engine, logs: logs(), timestamp };
}

async function recovered(image: MemFileSystem): Promise<{ lastTimestamp: number; holes: number; orphans: number }> {
  const { engine, report } = await openTestEngine(image);
  const { lastTimestamp } = engine;
  let holes = 0;
  for (let i = 1; i <= lastTimestamp; i++) if (getText(engine, `k${i}`) === undefined) holes++;
  await engine.close();
  return { lastTimestamp, holes, orphans: report.orphansRemoved.length };
}

describe('segments that were ended without a sync', () => {
  test('leave a prefix of the commits, whatever a crash keeps of them', async () => {
    const { memory, timestamp } = await loaded();
    const random = seededRandom(seed);
    const ends = new Set<number>();
    for (let i = 0; i < 5 * CRASH_MODES.length; i++) {
      const mode = CRASH_MODES[i % CRASH_MODES.length]!;
      const { lastTimestamp, holes } = await recovered(memory.crashImage(mode, random));
      expect({ mode, holes }).toEqual({ mode, holes: 0 });
      if (mode === 'kill') expect(lastTimestamp).toBe(timestamp);
      if (mode === 'lost') expect(lastTimestamp).toBe(0);
      ends.add(lastTimestamp);
    }
    expect(ends.size).toBeGreaterThan(2);
  });

  test.each(['a sync', 'a durable commit', 'a durable commit on this thread'])(
    'become durable with %s, the oldest first',
    async (what) => {
      const { memory, engine, timestamp } = await loaded();
      const next = timestamp + 1;
      if (what === 'a sync') await engine.sync();
      else if (what === 'a durable commit') await engine.commit(batchOf({ [`k${next}`]: 'v' }), next);
      else engine.commitSync(batchOf({ [`k${next}`]: 'v' }), next);
      const { lastTimestamp, holes } = await recovered(memory.crashImage('lost', seededRandom(1)));
      expect({ lastTimestamp, holes }).toEqual({ lastTimestamp: engine.lastTimestamp, holes: 0 });
    },
  );

  test('are synced two at a time', async () => {
    const memory = new CountingSyncs({ trackCrashes: true });
    const { engine } = await loaded(memory);
    await engine.sync();
    expect(memory.most).toBe(2);
    const { lastTimestamp, holes } = await recovered(memory.crashImage('lost', seededRandom(1)));
    expect({ lastTimestamp, holes }).toEqual({ lastTimestamp: engine.lastTimestamp, holes: 0 });
  });

  test.each(['waits', 'does not wait'])('are in doubt when either cannot be synced, for whoever %s', async (who) => {
    const memory = new CountingSyncs({ trackCrashes: true });
    const { engine, timestamp } = await loaded(memory);
    memory.secondFails = true;
    const synced = engine.sync();
    if (who === 'does not wait') {
      for (let turns = 0; turns < 3; turns++) await turn();
      const batch = batchOf({ last: 'v' });
      expect(() => engine.commitSync(batch, timestamp + 1, { durability: 'commit' })).toThrow('EIO');
    }
    await expect(synced).rejects.toThrow('EIO');
    expect(() => engine.commitSync(batchOf({ more: 'v' }), timestamp + 2)).toThrow('stopped');
  });

  test('may be damaged before that, and not afterwards', async () => {
    const { memory, engine, logs } = await loaded();
    const damaged = (): MemFileSystem => {
      const image = memory.crashImage('kill', seededRandom(1));
      const file = image.open(`${ENGINE_DIRECTORY}/${logs[1]}`, 'update');
      file.write(Uint8Array.of(0xff, 0xff), 400);
      file.close();
      return image;
    };
    const { lastTimestamp, holes, orphans } = await recovered(damaged());
    expect(lastTimestamp).toBeGreaterThan(0);
    expect({ holes, orphans }).toEqual({ holes: 0, orphans: 2 });
    await engine.sync();
    await expect(recovered(damaged())).rejects.toThrow(CorruptionError);
  });

  test('may be missing before that, and not afterwards', async () => {
    const { memory, engine, logs } = await loaded();
    const without = (): MemFileSystem => {
      const image = memory.crashImage('kill', seededRandom(1));
      image.unlink(`${ENGINE_DIRECTORY}/${logs[1]}`);
      return image;
    };
    expect((await recovered(without())).holes).toBe(0);
    await engine.sync();
    await expect(recovered(without())).rejects.toThrow(CorruptionError);
  });
});
