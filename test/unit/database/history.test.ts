import { afterEach, expect, test } from 'vitest';
import { InvalidArgumentError, ManualClock } from '../../../src/base/index.js';
import { type Database, type DatabaseOptions, open } from '../../../src/index.js';
import { MemFileSystem } from '../../../src/vfs/index.js';

const clock = new ManualClock(1_767_225_600_000);
const open_: Database[] = [];
afterEach(async () => {
  for (const db of open_.splice(0)) await db.close();
});

async function openOn(fileSystem: MemFileSystem, options: DatabaseOptions = {}): Promise<Database> {
  const db = await open('/db', { ...options, environment: { fileSystem, clock } });
  open_.push(db);
  return db;
}

/** Commits n = 1 … `count`, a second apart; returns when each was made. */
async function count(db: Database, to: number): Promise<Date[]> {
  const made: Date[] = [];
  for (let n = 1; n <= to; n++) {
    await db.put(['n'], n);
    made.push(new Date(clock.nowMs()));
    clock.advance(1000);
  }
  return made;
}

function at(db: Database, asOf: number | Date): unknown {
  using snapshot = db.snapshot({ asOf });
  return snapshot.getSync(['n']);
}

test('a window of time is readable by timestamp and by date, after flushes, merges and a restart', async () => {
  const fileSystem = new MemFileSystem();
  const history = { ms: 60_000 };
  let db = await openOn(fileSystem, { history });
  const made = await count(db, 10);
  await db.compact();
  for (let restart = 0; restart < 2; restart++) {
    for (let n = 1; n <= 10; n++) {
      expect(at(db, n)).toBe(n);
      expect(at(db, made[n - 1]!)).toBe(n);
      expect(at(db, new Date(made[n - 1]!.getTime() + 999))).toBe(n);
    }
    expect(at(db, new Date(made[0]!.getTime() - 1))).toBeUndefined();
    expect(at(db, new Date(clock.nowMs() + 1e9))).toBe(10);
    await db.close();
    db = await openOn(fileSystem, { history });
  }
});

test('what has passed out of the window is refused with what is left', async () => {
  const db = await openOn(new MemFileSystem(), { history: { ms: 5000 } });
  const made = await count(db, 20);
  await db.compact();
  for (let n = 16; n <= 20; n++) expect(at(db, made[n - 1]!)).toBe(n);
  for (const asOf of [3, made[2]!]) {
    let refusal: unknown;
    try {
      at(db, asOf);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(InvalidArgumentError);
    expect((refusal as InvalidArgumentError).facts).toEqual({ asOf: 3, oldest: 16, newest: 20 });
  }
});

test('without history an old state is gone with the first merge, and with a snapshot it stays', async () => {
  const db = await openOn(new MemFileSystem());
  await count(db, 3);
  using kept = db.snapshot({ asOf: 2 });
  await db.compact();
  expect(kept.getSync(['n'])).toBe(2);
  expect(at(db, 2)).toBe(2);
  expect(() => at(db, 1)).toThrow('history reaches from 3 to 3');
});

test('a number of versions of every key is kept, deletions counted', async () => {
  const fileSystem = new MemFileSystem();
  const history = { versions: 3 };
  let db = await openOn(fileSystem, { history });
  await db.put(['other'], 'x');
  await count(db, 4);
  await db.delete(['n']);
  await db.compact();
  await db.close();
  db = await openOn(fileSystem, { history });
  await db.compact();
  // Of commits 2 … 6 for this key the newest three are there: from the fourth on.
  expect([4, 5, 6].map((asOf) => at(db, asOf))).toEqual([3, 4, undefined]);
  expect(() => at(db, 3)).toThrow('history reaches from 4 to 6');
});

test('a point in time that is none is refused', async () => {
  const db = await openOn(new MemFileSystem());
  for (const asOf of [new Date(Number.NaN), '2026-01-01', null, 1.5, -1, 7]) {
    expect(() => db.snapshot({ asOf: asOf as never })).toThrow(InvalidArgumentError);
  }
});

test('history options are checked', async () => {
  for (const history of [{}, { ms: 0 }, { versions: 0 }, { ms: 5, versions: 5 }, 'all']) {
    await expect(open(':memory:', { history: history as never })).rejects.toThrow(/invalid options:\n {2}- history/);
  }
});
