/**
 * Random concurrent histories under `serializable`, judged by the history checker: gets, scans in both directions with limits,
 * appends, blind writes, deletions, savepoints, timeouts and synchronous commits of a dozen clients at a time, among
 * flushes and merges. `npm run test:isolation` runs 200,000 transactions and more; this is a sample of it.
 */

import { expect, test } from 'vitest';
import { campaign, CAMPAIGN_TIMEOUT_MS } from '../support/history-runner/history-campaign.js';
import { runHistory } from '../support/history-runner/history-run.js';
import { seed } from '../support/seed.js';

test(
  'no anomaly in any history',
  async () => {
    const totals = await campaign('serializable');
    expect(totals.anomalies).toBe(0);
    // There was something to find: transactions met, and versions went through tables.
    expect(totals.committed).toBeGreaterThan(totals.transactions / 2);
    expect(totals.aborted).toBeGreaterThan(totals.transactions / 20);
    expect(totals.flushes).toBeGreaterThan(totals.histories);
    expect(totals.compactions).toBeGreaterThan(totals.histories);
  },
  CAMPAIGN_TIMEOUT_MS,
);

test('the same seed gives the same history', async () => {
  const once = await runHistory({ seed, isolation: 'serializable', transactions: 200 });
  const again = await runHistory({ seed, isolation: 'serializable', transactions: 200 });
  const other = await runHistory({ seed: seed + 1, isolation: 'serializable', transactions: 200 });
  expect(again.history).toEqual(once.history);
  expect(other.history).not.toEqual(once.history);
});
