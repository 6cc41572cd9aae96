/**
 * Many histories, one after the other. A sample in every test run; `npm run test:isolation` (vitest's mode "thorough") makes
 * fifty of four thousand transactions per level. `VARVE_RUNS` multiplies their number, `VARVE_SEED` picks others.
 */

import { expect } from 'vitest';
import type { Isolation } from '../../../src/mvcc/index.js';
import { titleOf } from '../history-checker/anomaly.js';
import { propertyOptions, seed } from '../seed.js';
import { runHistory } from './history-run.js';

const thorough = process.env['MODE'] === 'thorough';

const TRANSACTIONS = thorough ? 4000 : 1000;

export interface CampaignTotals {
  histories: number;
  transactions: number;
  committed: number;
  aborted: number;
  flushes: number;
  compactions: number;
  anomalies: number;
  /** Write skews and phantoms that the level permits. */
  permitted: number;
}

/** Runs them all, prints the totals, and stops at the first anomaly, naming its seed. */
export async function campaign(isolation: Isolation): Promise<CampaignTotals> {
  const { numRuns } = propertyOptions(thorough ? 50 : 3);
  const totals: CampaignTotals = {
    histories: 0,
    transactions: 0,
    committed: 0,
    aborted: 0,
    flushes: 0,
    compactions: 0,
    anomalies: 0,
    permitted: 0,
  };
  for (let i = 0; i < numRuns && totals.anomalies === 0; i++) {
    const run = await runHistory({ seed: seed * 1000 + i, isolation, transactions: TRANSACTIONS });
    totals.histories++;
    totals.transactions += run.history.transactions.length;
    totals.committed += run.committed;
    totals.aborted += run.aborted;
    totals.flushes += run.flushes;
    totals.compactions += run.compactions;
    totals.permitted += run.permitted.length;
    totals.anomalies += run.anomalies.length;
    const told = run.anomalies.map((found) => `${titleOf(found)}: ${found.message}`);
    expect(told, `history of seed ${seed * 1000 + i}`).toEqual([]);
  }
  process.stdout.write(
    `${isolation}: ${Object.entries(totals)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')}\n`,
  );
  return totals;
}

/** For campaigns: as long as it takes. */
export const CAMPAIGN_TIMEOUT_MS = 60 * 60_000;
