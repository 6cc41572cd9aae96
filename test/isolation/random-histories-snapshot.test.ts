/**
 * Random concurrent histories under `snapshot`, judged by the history checker: gets, scans in both directions with limits,
 * appends, blind writes, deletions, savepoints, timeouts and synchronous commits of a dozen clients at a time, among
 * flushes and merges. `npm run test:isolation` runs 200,000 transactions and more; this is a sample of it.
 */

import { expect, test } from 'vitest';
import { campaign, CAMPAIGN_TIMEOUT_MS } from '../support/history-runner/history-campaign.js';

test(
  'no anomaly in any history but write skew and phantoms, which happen',
  async () => {
    const totals = await campaign('snapshot');
    expect(totals.anomalies).toBe(0);
    expect(totals.permitted).toBeGreaterThan(totals.histories);
    expect(totals.committed).toBeGreaterThan(totals.transactions / 2);
    expect(totals.aborted).toBeGreaterThan(totals.transactions / 20);
    expect(totals.flushes).toBeGreaterThan(totals.histories);
    expect(totals.compactions).toBeGreaterThan(totals.histories);
  },
  CAMPAIGN_TIMEOUT_MS,
);
