/**
 * Random concurrent histories in which the machine crashes: what was acknowledged is seen by everybody who comes after; what
 * was not acknowledged is seen wholly, by all, or not at all, by nobody. Flushes and merges are under way when it happens.
 */

import { expect, test } from 'vitest';
import { titleOf } from '../support/history-checker/anomaly.js';
import { CAMPAIGN_TIMEOUT_MS } from '../support/history-runner/history-campaign.js';
import { runHistory } from '../support/history-runner/history-run.js';
import { propertyOptions, seed } from '../support/seed.js';

test.each(['serializable', 'snapshot'] as const)(
  '%s: no anomaly, whatever the crash leaves',
  async (isolation) => {
    let unknown = 0;
    for (let run = 0; run < propertyOptions(3).numRuns; run++) {
      const found = await runHistory({ seed: seed * 1000 + run, isolation, transactions: 600, crashes: 4 });
      const told = found.anomalies.map((anomaly) => `${titleOf(anomaly)}: ${anomaly.message}`);
      expect(told, `history of seed ${seed * 1000 + run}`).toEqual([]);
      unknown += found.unknown;
    }
    expect(unknown).toBeGreaterThan(10);
  },
  CAMPAIGN_TIMEOUT_MS,
);
