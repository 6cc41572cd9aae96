/**
 * What must hold of data whatever runs at the same time, over the public key-value API, through two crashes: after each
 * recovery and at every moment between, in snapshots, transactions and scans of both directions.
 */

import { describe, expect, test } from 'vitest';
import { type Random, randomBelow, seededRandom } from '../../src/base/index.js';
import type { Database } from '../../src/database.js';
import { CrashWorld } from '../support/history-runner/crash-world.js';
import { propertyOptions, seed } from '../support/seed.js';
import {
  BankWorkload,
  CounterWorkload,
  LongForkWorkload,
  PhantomCountWorkload,
  RingWorkload,
  UniqueNameWorkload,
  type Workload,
} from '../support/history-runner/invariant-workloads.js';

const both = ['serializable', 'snapshot'] as const;

const workloads = [
  { what: 'bank: the total stays, in keys and in scans', levels: both, make: () => new BankWorkload() },
  { what: 'ring: every node is in it, once', levels: both, make: () => new RingWorkload() },
  { what: 'counter: every acknowledged increment counts, once', levels: both, make: () => new CounterWorkload() },
  { what: 'names: one owner each, who has one name', levels: both, make: () => new UniqueNameWorkload() },
  { what: 'long fork: all readers see one order', levels: both, make: () => new LongForkWorkload() },
  {
    what: 'phantom count: as many as the scan before allowed',
    levels: ['serializable' as const],
    make: () => new PhantomCountWorkload(),
  },
];

/** Most steps change something; the others look. */
async function step(workload: Workload, db: Database, random: Random, isAlive: () => boolean): Promise<void> {
  if (randomBelow(random, 4) > 0) return workload.change(db, random, isAlive);
  using snapshot = db.snapshot();
  workload.check(snapshot);
}

function look(workload: Workload, db: Database): void {
  using snapshot = db.snapshot();
  workload.check(snapshot);
  workload.checkAcknowledged(snapshot);
}

describe.each(workloads)('$what', ({ levels, make }) => {
  test.each([...levels])('%s', async (isolation) => {
    for (let run = 0; run < propertyOptions(2).numRuns; run++) {
      const world = new CrashWorld(seededRandom(seed * 1000 + run));
      const workload = make();
      workload.isolation = isolation;
      for (const session of [1, 2, 3]) {
        await world.session({
          clients: 5,
          steps: 40,
          before: async (db) => {
            if (session === 1) await workload.fill(db);
            look(workload, db);
          },
          step: (db, random, isAlive) => step(workload, db, random, isAlive),
          crashes: session < 3,
          after: async (db) => look(workload, db),
        });
      }
      expect(workload.acknowledged).toBeGreaterThan(40);
    }
  });
});
