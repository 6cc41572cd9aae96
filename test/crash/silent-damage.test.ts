/**
 * Bytes change, vanish or appear behind the engine's back, in every kind of file. Reading then gives the right data or a
 * typed error that says where the damage is, never wrong data; and the full check finds every damage that could matter.
 *
 * One thing cannot be told from the torn tail of a crash: damage to the last record of the log. It may cost that record.
 */

import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CorruptionError, InvalidArgumentError, type Random, randomBelow, seededRandom } from '../../src/base/index.js';
import { verify } from '../../src/recovery/index.js';
import { logOptions } from '../../src/storage/index.js';
import { MemFileSystem } from '../../src/vfs/index.js';
import { CommitPlan } from '../support/commit-plan.js';
import { differenceOf, environmentOn, openOn, smallOptions, stateOf, valueOf } from '../support/engine-harness.js';
import { LoadRun } from '../support/load-run.js';
import { propertyOptions, seed } from '../support/seed.js';

const DIRECTORY = '/db';
const total = 120;
const SCENES_MAX = 20;
/** Room for the commits that stay in the log, so that several records share a segment. */
const MEMTABLE_BYTES = 4 * smallOptions.memtableBytes;
/**
 * Frame header, timestamp and batch of the last commit, and the zeros behind it: where the log's damage may pass for a torn
 * tail.
 */
const LAST_RECORD_BYTES_MAX = 700 + logOptions(MEMTABLE_BYTES).extensionBytes;

let plan: CommitPlan;
let intact: MemFileSystem;

/** Several tables, values in files of their own that are alive, and a log with commits that no table holds yet. */
beforeAll(async () => {
  for (let scene = 0; ; scene++) {
    if (scene === SCENES_MAX) throw new Error('no scene has every kind of file');
    plan = new CommitPlan({ seed: seed + 2 + scene, commits: total, keys: 80, valueBytesMax: 100, bufferedShare: 0 });
    intact = await sceneOf(plan);
    // How much is merged and moved depends on the seed.
    if (await hasEveryKind()) return;
  }
});

async function sceneOf(commits: CommitPlan): Promise<MemFileSystem> {
  const memory = new MemFileSystem({ trackCrashes: true });
  const run = new LoadRun(memory, DIRECTORY, commits, seed);
  await run.session(total - 6);
  const { engine } = await openOn(memory, DIRECTORY, { memtableBytes: MEMTABLE_BYTES });
  for (let next = total - 5; next <= total; next++) await engine.commit(commits.batch(next), next);
  const image = memory.crashImage('kill', seededRandom(1));
  image.unlink(join(DIRECTORY, 'LOCK'));
  await engine.close();
  return image;
}

async function hasEveryKind(): Promise<boolean> {
  const names = intact.list(DIRECTORY);
  if (names.filter((name) => kindOf(name) === 'table').length < 2) return false;
  const values = names.find((name) => kindOf(name) === 'value');
  if (values === undefined) return false;
  const { sizeBytes } = intact.stat(join(DIRECTORY, values));
  return (await read(flipBit(values, Math.floor(sizeBytes / 2) * 8), total)) === 'refused';
}

function kindOf(name: string): string {
  if (name.endsWith('.log')) return 'log';
  if (name.endsWith('.tbl')) return 'table';
  if (name.endsWith('.val')) return 'value';
  return name.startsWith('MANIFEST') ? 'manifest' : name.toLowerCase();
}

interface Damaged {
  readonly memory: MemFileSystem;
  readonly name: string;
  /** The first changed byte. */
  readonly offset: number;
  readonly what: string;
}

function damage(name: string, what: string, offset: number, change: (bytes: Buffer) => Uint8Array): Damaged {
  const memory = intact.crashImage('kill', seededRandom(1));
  const file = memory.open(join(DIRECTORY, name), 'update');
  const bytes = Buffer.alloc(file.size());
  file.read(bytes, 0);
  const changed = change(bytes);
  file.truncate(changed.length);
  file.write(changed, 0);
  file.close();
  return { memory, name, offset, what: `${what} at ${offset} of ${name} (${bytes.length} bytes)` };
}

function flipBit(name: string, bit: number): Damaged {
  return damage(name, `bit ${bit & 7} flipped`, bit >> 3, (bytes) => {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    return bytes;
  });
}

/** The error itself, or what a poisoned engine names as its cause, must say where the damage is. */
function checkNamesDamage(refusal: unknown): void {
  let error: unknown = refusal;
  while (error instanceof Error && !(error instanceof CorruptionError || error instanceof InvalidArgumentError)) {
    error = error.cause;
  }
  if (!(error instanceof CorruptionError || error instanceof InvalidArgumentError)) throw refusal;
  const { file, offset, expected, found } = error.facts;
  expect([typeof file, typeof offset]).toEqual(['string', 'number']);
  expect(expected).toBeDefined();
  expect(found).toBeDefined();
}

/** Opens and reads everything in every way. Returns what came of it; throws when wrong data came. */
async function read({ memory }: Damaged, oldest: number): Promise<'refused' | 'right' | 'torn'> {
  let engine: Awaited<ReturnType<typeof openOn>>['engine'];
  try {
    engine = (await openOn(memory, DIRECTORY)).engine;
  } catch (refusal) {
    checkNamesDamage(refusal);
    return 'refused';
  }
  const timestamp = engine.lastTimestamp;
  expect(timestamp).toBeGreaterThanOrEqual(oldest);
  expect(timestamp).toBeLessThanOrEqual(total);
  const state = plan.stateAt(timestamp);
  let refused = false;
  const attempt = (action: () => void): void => {
    try {
      action();
    } catch (refusal) {
      checkNamesDamage(refusal);
      refused = true;
    }
  };
  for (const key of plan.allKeys()) {
    let found: string | undefined;
    let answered = false;
    attempt(() => {
      found = valueOf(engine, key);
      answered = true;
    });
    if (answered) expect(found).toBe(state.get(key));
  }
  for (const reverse of [false, true]) {
    let difference: string | undefined;
    attempt(() => {
      difference = differenceOf(stateOf(engine, timestamp, reverse), state);
    });
    expect(difference).toBeUndefined();
  }
  await engine.close().catch(checkNamesDamage);
  return refused ? 'refused' : timestamp < total ? 'torn' : 'right';
}

async function checked(damaged: Damaged, oldest: number): Promise<'refused' | 'right' | 'torn'> {
  try {
    const report = await verify(environmentOn(damaged.memory), DIRECTORY);
    for (const problem of report.problems) checkNamesDamage(problem);
    const outcome = await read(damaged, oldest);
    if (outcome === 'refused') expect(report.problems).not.toEqual([]);
    return outcome;
  } catch (cause) {
    throw new Error(`VARVE_SEED=${seed}, ${damaged.what}: ${String(cause)}`, { cause });
  }
}

/** The oldest timestamp that damage at `offset` may bring back without an error. */
function oldestAfter(name: string, offset: number): number {
  const size = intact.stat(join(DIRECTORY, name)).sizeBytes;
  return kindOf(name) === 'log' && offset >= size - LAST_RECORD_BYTES_MAX ? total - 1 : total;
}

describe('silent damage', () => {
  it('is harmless before anything is damaged', async () => {
    const copy = damage('CURRENT', 'nothing', 0, (bytes) => bytes);
    expect((await verify(environmentOn(copy.memory), DIRECTORY)).problems).toEqual([]);
    expect(await checked(copy, total)).toBe('right');
  });

  it('flipped bits, in every file, are refused or harmless', async () => {
    const random = seededRandom(seed);
    const refused = new Map<string, number>();
    for (const name of intact.list(DIRECTORY)) {
      const bits = intact.stat(join(DIRECTORY, name)).sizeBytes * 8;
      // The first and last bytes hold headers, trailers and footers; what is between is sampled.
      const chosen = new Set<number>();
      for (let byte = 0; byte < Math.min(48, bits / 8); byte += 2) {
        chosen.add(byte * 8 + randomBelow(random, 8));
        chosen.add(bits - 1 - byte * 8 - randomBelow(random, 8));
      }
      for (let i = 0; i < propertyOptions(40).numRuns; i++) chosen.add(randomBelow(random, bits));
      for (const bit of chosen) {
        const damaged = flipBit(name, bit);
        const outcome = await checked(damaged, oldestAfter(name, damaged.offset));
        if (outcome === 'refused') refused.set(kindOf(name), (refused.get(kindOf(name)) ?? 0) + 1);
      }
    }
    expect([...refused.keys()].sort()).toEqual(['current', 'log', 'manifest', 'table', 'value']);
  });

  it('a flipped bit costs the last record of the log, without an error, and is refused in the record before', async () => {
    // Those before it only hold values.
    const name = intact.list(DIRECTORY).findLast((one) => kindOf(one) === 'log')!;
    const file = intact.open(join(DIRECTORY, name), 'read');
    const content = Buffer.alloc(file.size());
    file.read(content, 0);
    file.close();
    const marker = Buffer.from('f576720a', 'hex');
    const last = content.lastIndexOf(marker);
    const before = content.lastIndexOf(marker, last - 1);
    const torn = flipBit(name, (last + 30) * 8);
    expect(await verify(environmentOn(torn.memory), DIRECTORY)).toMatchObject({
      lastTimestamp: total - 1,
      tornFiles: [name],
      problems: [],
    });
    expect(await checked(torn, total - 1)).toBe('torn');
    expect(await checked(flipBit(name, (before + 30) * 8), total)).toBe('refused');
  });

  it('zeroed, stale and exchanged ranges are refused or harmless', async () => {
    const random = seededRandom(seed + 1);
    for (const name of intact.list(DIRECTORY)) {
      const size = intact.stat(join(DIRECTORY, name)).sizeBytes;
      for (let i = 0; i < propertyOptions(6).numRuns; i++) {
        for (const spoil of [zeroRange, randomRange, misdirectedRange]) {
          const offset = randomBelow(random, size);
          const damaged = damage(name, spoil.name, offset, (bytes) => spoil(bytes, offset, random));
          const reached = kindOf(name) === 'log' && offset + 512 >= size - LAST_RECORD_BYTES_MAX;
          await checked(damaged, reached ? total - 6 : total);
        }
      }
    }
  });

  it('files cut short, grown, emptied, or missing are refused or harmless; a log may lose its end', async () => {
    const random = seededRandom(seed + 2);
    for (const name of intact.list(DIRECTORY)) {
      const size = intact.stat(join(DIRECTORY, name)).sizeBytes;
      const oldest = kindOf(name) === 'log' ? total - 6 : total;
      for (let i = 0; i < propertyOptions(6).numRuns; i++) {
        const length = randomBelow(random, size);
        await checked(
          damage(name, 'cut', length, (bytes) => bytes.subarray(0, length)),
          oldest,
        );
        const junk = Buffer.from(Array.from({ length: 1 + randomBelow(random, 600) }, () => random.u32() & 0xff));
        await checked(
          damage(name, 'junk', size, (bytes) => Buffer.concat([bytes, junk])),
          total,
        );
      }
      const missing = damage(name, 'missing', 0, (bytes) => bytes);
      missing.memory.unlink(join(DIRECTORY, name));
      expect([name, await checked(missing, total)]).toEqual([name, 'refused']);
      if (kindOf(name) !== 'log') {
        const emptied = damage(name, 'emptied', 0, (bytes) => bytes.subarray(0, 0));
        expect([name, await checked(emptied, total)]).toEqual([name, 'refused']);
      }
    }
  });

  it('a table of the right name with the content of another is refused', async () => {
    const tables = intact.list(DIRECTORY).filter((name) => kindOf(name) === 'table');
    expect(tables.length).toBeGreaterThan(1);
    const other = Buffer.alloc(intact.stat(join(DIRECTORY, tables[1]!)).sizeBytes);
    intact.open(join(DIRECTORY, tables[1]!), 'read').read(other, 0);
    expect(
      await checked(
        damage(tables[0]!, 'other content', 0, () => other),
        total,
      ),
    ).toBe('refused');
  });
});

function zeroRange(bytes: Buffer, offset: number): Uint8Array {
  return bytes.fill(0, offset, Math.min(bytes.length, offset + 512));
}

function randomRange(bytes: Buffer, offset: number, random: Random): Uint8Array {
  const end = Math.min(bytes.length, offset + 1 + randomBelow(random, 64));
  for (let at = offset; at < end; at++) bytes[at] = random.u32();
  return bytes;
}

/** A write that belonged elsewhere in the same file. */
function misdirectedRange(bytes: Buffer, offset: number, random: Random): Uint8Array {
  const from = randomBelow(random, bytes.length);
  bytes.copy(bytes, offset, from, Math.min(bytes.length, from + 1 + randomBelow(random, 300)));
  return bytes;
}
