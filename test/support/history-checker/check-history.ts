/**
 * The history checker: takes what clients did and saw, and says which anomalies that proves. It knows nothing of the store
 * that it judges. What it finds happened; what it does not find may still be possible.
 *
 * After Kingsbury and Alvaro, "Elle" (PVLDB 2020): lists make the order of versions visible to reads, so that dependencies
 * need not be guessed. In addition: ranges (a scan reads every key it went through, absent ones included), registers
 * that are overwritten without being read, and the order in which clients were told (strict serializability; a snapshot
 * that is not stale).
 */

import type { Anomaly } from './anomaly.js';
import { CycleSearch } from './cycle-search.js';
import { dependencyGraph } from './dependency-graph.js';
import type { History } from './history.js';
import { Summarizer } from './transaction-summary.js';
import { VersionOrders } from './version-orders.js';

export interface Verdict {
  readonly anomalies: readonly Anomaly[];
  /** Under `snapshot`: write skews and phantoms that really happened. */
  readonly permitted: readonly Anomaly[];
}

export function checkHistory(history: History, isolation: 'serializable' | 'snapshot'): Verdict {
  const found: Anomaly[] = [];
  const summarizer = new Summarizer([...history.keys].sort(), found);
  const summaries = history.transactions.map((recorded) => summarizer.summarize(recorded));
  const orders = new VersionOrders(summaries, found);
  const nameOf = (node: number) => summaries[node]?.recorded.name ?? '…';
  const cycles = new CycleSearch(dependencyGraph(summaries, orders), nameOf).search(isolation);
  return { anomalies: [...found, ...cycles.forbidden], permitted: cycles.permitted };
}
