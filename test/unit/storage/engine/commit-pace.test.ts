import { describe, expect, test } from 'vitest';
import { ManualClock, systemScheduler } from '../../../../src/base/index.js';
import type { TreePolicy } from '../../../../src/storage/compaction/tree-shape.js';
import { memtablePressure, SEALED_MAX, treePressure } from '../../../../src/storage/engine/backlog.js';
import { CommitPace, type Pressure } from '../../../../src/storage/engine/commit-pace.js';
import { type EngineEvent, inlineExecutor, type Job, type JobExecutor } from '../../../../src/storage/index.js';
import { Version } from '../../../../src/storage/version/version.js';
import { MemFileSystem, systemEnvironment } from '../../../../src/vfs/index.js';
import { batchOf, openTestEngine, tableMeta } from '../fixtures.js';

const policy: TreePolicy = { policy: 'leveled', level0Runs: 4, levelBaseBytes: 10_000, sizeRatio: 4 };

function versionOf(level0Runs: number, largestBytes: number): Version {
  const level0 = Array.from({ length: level0Runs }, (_, run) => ({ level: 0, run, table: tableMeta(run, 'a', 'z') }));
  const largest = { level: 1, run: 0, table: tableMeta(99, 'a', 'z', largestBytes) };
  return new Version().with({ added: [...level0, largest], removed: [] }, (meta) => meta, Error);
}

describe('pressure', () => {
  test('rises smoothly with the runs of level 0, from five times what starts a compaction to the stop', () => {
    const at = (runs: number): number => treePressure(versionOf(runs, 10_000), policy).value;
    expect([0, 4, 20, 24, 28, 36, 40].map(at)).toEqual([0, 0, 0, 0.25, 0.5, 1, 1]);
    expect(treePressure(versionOf(24, 10_000), policy).reason).toBe('level-0');
  });

  test('rises with debt when several levels have to be merged through one another', () => {
    const small = { ...policy, level0Runs: 30, levelBaseBytes: 100 };
    const pressureOf = (runs: number, ...levelBytes: number[]): Pressure & { debtBytes: number } => {
      const level0 = Array.from({ length: runs }, (_, run) => ({ level: 0, run, table: tableMeta(run, 'a', 'z') }));
      const deeper = levelBytes.map((sizeBytes, i) => ({
        level: i + 1,
        run: 0,
        table: tableMeta(90 + i, 'a', 'z', sizeBytes),
      }));
      return treePressure(
        new Version().with({ added: [...level0, ...deeper], removed: [] }, (meta) => meta, Error),
        small,
      );
    };
    expect(pressureOf(29, 100, 400, 1600, 6401)).toMatchObject({ value: 0, debtBytes: 0 });
    // 30 KB go through four levels.
    const { value, reason, debtBytes } = pressureOf(30, 100, 400, 1600, 6401);
    expect(debtBytes).toBeGreaterThan(4 * 30_000);
    expect({ value, reason }).toEqual({ value: 1, reason: 'debt' });
  });

  test('rises as the last memtable fills while the others wait', () => {
    expect(memtablePressure(SEALED_MAX - 1, 0.9).value).toBe(0);
    expect(memtablePressure(SEALED_MAX, 0.25)).toEqual({ value: 0.25, reason: 'memtables' });
    expect(memtablePressure(SEALED_MAX, 1.2).value).toBe(1);
  });
});

describe('the pace of commits', () => {
  function paceAt(pressure: Pressure): { pace: CommitPace; clock: ManualClock; events: EngineEvent[] } {
    const clock = new ManualClock();
    const events: EngineEvent[] = [];
    return {
      clock,
      events,
      pace: new CommitPace(
        clock,
        (event) => void events.push(event),
        () => pressure,
      ),
    };
  }

  test('is free without pressure', () => {
    const { pace, events } = paceAt({ value: 0, reason: 'level-0' });
    pace.charge(100_000_000);
    expect(pace.beginDelay()).toBe(0);
    expect(events).toEqual([]);
  });

  test('costs a delay per byte that grows with the square of the pressure, within a bound', () => {
    const delayAt = (value: number, bytes: number): number => {
      const { pace } = paceAt({ value, reason: 'debt' });
      pace.charge(bytes);
      return pace.beginDelay();
    };
    expect(delayAt(1, 10_000)).toBeCloseTo(10);
    expect(delayAt(0.5, 10_000)).toBeCloseTo(2.5);
    expect(delayAt(0.1, 10_000)).toBe(0);
    expect(delayAt(1, 10_000_000)).toBe(250);
  });

  test('adds up what is too little for a timer, less the time that goes by anyway', () => {
    const { pace, clock } = paceAt({ value: 1, reason: 'memtables' });
    pace.charge(900);
    expect(pace.beginDelay()).toBe(0);
    pace.charge(900);
    expect(pace.beginDelay()).toBeCloseTo(1.8);
    clock.advance(3);
    pace.delayed();
    pace.charge(5000);
    clock.advance(4.5);
    expect(pace.beginDelay()).toBe(0);
    expect(pace.stats()).toEqual({ slowed: 1, stopped: 0, slowedMs: 3, stoppedMs: 0 });
  });

  test('tells once that it slows, each time that it stops, and for how long', () => {
    const { pace, clock, events } = paceAt({ value: 1, reason: 'level-0' });
    for (let i = 0; i < 3; i++) {
      pace.charge(5000);
      pace.beginDelay();
      pace.delayed();
    }
    for (let i = 0; i < 2; i++) {
      pace.stops();
      clock.advance(7);
      pace.stops();
      pace.goesOn();
      pace.goesOn();
    }
    expect(events.map((event) => event.type === 'stall' && event.effect)).toEqual(['slowed', 'stopped', 'stopped']);
    expect(pace.stats()).toMatchObject({ slowed: 3, stopped: 2, stoppedMs: 14 });
  });
});

test('an engine slows commits before it stops them, and goes on when there is room', async () => {
  const fileSystem = new MemFileSystem();
  const environment = systemEnvironment({ fileSystem });
  const inner = inlineExecutor(environment);
  const held: (() => void)[] = [];
  let holding = true;
  const executor: JobExecutor = {
    run: async (job: Job) => {
      if (holding) await new Promise<void>((resolve) => held.push(resolve));
      return inner.run(job);
    },
    runNow: (job) => inner.runNow(job),
    cancel: (job) => inner.cancel(job),
    remove: (paths) => inner.remove(paths),
    close: () => inner.close(),
  };
  const valueLog = { thresholdBytes: Infinity, segmentBytes: 8192, garbageRatio: 0.5, compression: 'none' } as const;
  const { engine, events } = await openTestEngine(fileSystem, { memtableBytes: 64 * 1024, valueLog }, { executor });
  const commits: Promise<void>[] = [];
  for (let i = 1; i <= 320; i++) {
    commits.push(engine.commit(batchOf({ [`key${i}`]: 'x'.repeat(4000) }), i));
    // Few per group, as a group is charged as a whole.
    if (i % 4 === 0) await new Promise<void>((resolve) => systemScheduler.nextTurn(resolve));
  }
  while (!events.some((event) => event.type === 'stall' && event.effect === 'stopped')) {
    await new Promise<void>((resolve) => systemScheduler.after(1, resolve));
  }
  const stalls = events.filter((event) => event.type === 'stall');
  expect(stalls.map(({ effect, reason }) => `${effect} by ${reason}`)).toEqual([
    'slowed by memtables',
    'stopped by memtables',
  ]);
  expect(engine.lastTimestamp).toBeLessThan(320);
  holding = false;
  for (const release of held) release();
  await Promise.all(commits);
  expect(engine.lastTimestamp).toBe(320);
  const { slowed, stopped, slowedMs, stoppedMs } = engine.stats().stalls;
  expect([slowed, stopped, slowedMs, stoppedMs].every((value) => value > 0)).toBe(true);
  await engine.close();
});
