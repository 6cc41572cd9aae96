/** What the rows of one workload say about Varve: against its best peer, and against the bare machine. */

import { NOT_PEERS, OWN_ENGINE } from '../engine.js';
import type { Row } from './results.js';

/** Varve is meant to be ahead of every peer, in every workload. */
export const TARGET_RATIO = 1;

export interface Comparison {
  readonly own: Row;
  readonly bestPeer: Row;
  /** Varve's operations per second for one of the best peer. */
  readonly ratio: number;
  readonly reachesTarget: boolean;
}

export function compare(ofWorkload: readonly Row[]): Comparison | undefined {
  const own = ofWorkload.find(({ engine }) => engine === OWN_ENGINE);
  const peers = ofWorkload.filter(({ engine }) => !NOT_PEERS.includes(engine));
  const bestPeer = peers.toSorted((a, b) => b.opsPerSec - a.opsPerSec)[0];
  if (own === undefined || bestPeer === undefined) return undefined;
  const ratio = own.opsPerSec / bestPeer.opsPerSec;
  return { own, bestPeer, ratio, reachesTarget: ratio >= TARGET_RATIO };
}

/** Nothing, or the sentences that belong under the table of a workload. */
export function comparisonTexts(ofWorkload: readonly Row[]): string[] {
  const texts: string[] = [];
  const found = compare(ofWorkload);
  if (found !== undefined) {
    const verdict = found.reachesTarget ? '' : `, short of the target of ${TARGET_RATIO.toFixed(2)} ×`;
    texts.push(`varve is at ${found.ratio.toFixed(2)} × the best peer, ${found.bestPeer.engine}${verdict}`);
  }
  const own = ofWorkload.find(({ engine }) => engine === OWN_ENGINE);
  const raw = ofWorkload.find(({ engine }) => engine === 'rawsync');
  if (own !== undefined && raw !== undefined) {
    const ratio = (own.opsPerSec / raw.opsPerSec).toFixed(2);
    texts.push(`varve is at ${ratio} × the machine's own rate of appends with fdatasync (rawsync)`);
  }
  return texts;
}
