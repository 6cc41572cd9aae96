/** What a byte costs to write and to keep, under each compaction policy; AMPLIFICATION_METHOD says how. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type * as Varve from 'varve';
import { engineOver, openVarve } from '../engines/varve.js';
import { type DrawBelow, seededIntegers, shuffledNumbers } from '../input/random.js';
import { KEY_BYTES, ValuePool } from '../input/records.js';
import { Meter } from '../measurement/meter.js';
import type { SuiteContext } from '../suite.js';
import { fillInBatches } from './batched-fill.js';
import { textbookWriteAmplification, type TreeShape } from './textbook-amplification.js';

const POLICIES = ['leveled', 'tiered', 'lazy-leveled'] as const;
const OVERWRITES = 10;
/** Small, so that a million records make a tree of two levels below the flushed memtables. */
const MEMTABLE_BYTES = 2 ** 20;
const LEVEL_0_RUNS = 4;
const SIZE_RATIO = 10;
const SETTLED_LOOKS = 3;
const LOOK_MS = 100;

export const AMPLIFICATION_WORKLOADS: readonly string[] = POLICIES;

export const AMPLIFICATION_METHOD = `
Varve alone, a policy each: all records once, then ${OVERWRITES} overwrites of all of them in random order. Memtables of 1 MiB, of which
${LEVEL_0_RUNS} start a merge, sizes of levels ${SIZE_RATIO} times those above, blocks uncompressed.

- \`write\`: bytes written to tables during the overwrites, for a byte of keys and values committed, divided by the format's
  own overhead (\`format\`: table bytes for a byte of keys and values, after merging everything).
- \`textbook\`: 1 + Σ (Tᵢ − 1) / (Kᵢ + 1) over the levels (Dayan & Idreos, "Dostoevsky", SIGMOD 2018), with Tᵢ the ratio of a
  level to that above it and Kᵢ the runs it may hold.
- \`withLog\`: bytes written to log and tables, for a byte committed; what a device sees.
- \`space\`: bytes of all tables when the last merge is done, for a byte of them after merging everything into one run.
`;

export async function runAmplificationSuite(context: SuiteContext): Promise<void> {
  for (const policy of POLICIES) if (context.meter.wants(policy)) await measurePolicy(context, policy);
}

async function measurePolicy(context: SuiteContext, policy: (typeof POLICIES)[number]): Promise<void> {
  const { settings, meter } = context;
  const { records, valueBytes, seed, durability } = settings;
  const directory = join(context.directory, policy);
  mkdirSync(directory);
  const below = seededIntegers(seed);
  const values = new ValuePool(valueBytes, below);
  const db = await openVarve(directory, {
    memtableBytes: MEMTABLE_BYTES,
    compression: 'none',
    compaction: {
      policy,
      level0Runs: LEVEL_0_RUNS,
      levelBaseBytes: LEVEL_0_RUNS * MEMTABLE_BYTES,
      sizeRatio: SIZE_RATIO,
    },
  });
  const fill = { directory, engine: engineOver(db, durability), values };
  const once = { ...fill, name: 'load', records, numberAt: (index: number) => index };
  await fillInBatches(new Meter({ only: [] }), once);
  const before = await settled(db);
  const numberAt = numbersOfRounds(records, below);
  await fillInBatches(meter, {
    ...fill,
    name: policy,
    records: records * OVERWRITES,
    numberAt,
    facts: () => factsOf(db, before, { policy, userBytes: records * (KEY_BYTES + valueBytes) }),
  });
  await db.close();
}

/** The numbers 0 … records − 1 in another order each round; asked for in ascending order of index. */
function numbersOfRounds(records: number, below: DrawBelow): (index: number) => number {
  let order: Uint32Array = new Uint32Array();
  let drawnFor = -1;
  return (index) => {
    const round = Math.floor(index / records);
    if (round !== drawnFor) {
      order = shuffledNumbers(records, below);
      drawnFor = round;
    }
    return order[index % records]!;
  };
}

async function factsOf(
  db: Varve.Database,
  before: Varve.EngineStats,
  { policy, userBytes }: { policy: (typeof POLICIES)[number]; userBytes: number },
): Promise<Record<string, number>> {
  const after = await settled(db);
  await db.compact();
  const compacted = tableBytes(db.stats().engine);
  const written = (stats: Varve.EngineStats): number => stats.flushBytesWritten + stats.compactionBytesWritten;
  const committed = after.userBytes - before.userBytes;
  const format = compacted / userBytes;
  const shape: TreeShape = {
    policy,
    sizeRatio: SIZE_RATIO,
    level0Bytes: (LEVEL_0_RUNS * after.userBytes) / after.flushes,
    dataBytes: userBytes,
  };
  return {
    write: (written(after) - written(before)) / committed / format,
    textbook: textbookWriteAmplification(shape),
    withLog: (written(after) - written(before) + after.logBytes - before.logBytes) / committed,
    format,
    space: tableBytes(after) / compacted,
    runs: after.amplification.read,
  };
}

function tableBytes({ levels }: Varve.EngineStats): number {
  return levels.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Waits until no merge is due, and nothing more is written. */
async function settled(db: Varve.Database): Promise<Varve.EngineStats> {
  await db.flush();
  let last = db.stats().engine;
  for (let quietLooks = 0; quietLooks < SETTLED_LOOKS; ) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const now = db.stats().engine;
    const isQuiet = now.compactionDebtBytes === 0 && now.compactionBytesWritten === last.compactionBytesWritten;
    quietLooks = isQuiet ? quietLooks + 1 : 0;
    last = now;
  }
  return last;
}
