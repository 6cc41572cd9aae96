/**
 * Which sorted runs of a bulk load have to be merged with which, so that in the end no two overlap: an external merge sort
 * (Knuth, TAOCP 3, 5.4) that leaves alone what needs no sorting. Input that arrives in order, or in pieces whose key ranges
 * do not meet, is never merged. Pure.
 */

import { compareBytes } from '../../base/index.js';
import type { KeySpan } from '../version/version.js';

/** A run: ascending, without overlap inside. */
type RunSpans = readonly KeySpan[];

/**
 * The merges of the next pass over `runs`, which are in the order of the input: positions of at most `fanIn` runs each,
 * ascending. What lies between the positions of a merge does not overlap it unless it is part of it, so that the result may
 * take the place of any of them. Empty when no two runs overlap.
 */
export function mergePass(runs: readonly RunSpans[], fanIn: number): number[][] {
  return clustersOf(runs).flatMap((cluster) => mergesOf(cluster, fanIn));
}

/** Only so many merges that the next pass can merge what they leave at once. */
function mergesOf(cluster: readonly number[], fanIn: number): number[][] {
  if (cluster.length <= fanIn) return cluster.length > 1 ? [[...cluster]] : [];
  const merges: number[][] = [];
  let excess = cluster.length - fanIn;
  for (let at = 0; excess > 0 && at + 1 < cluster.length; ) {
    const merge = cluster.slice(at, at + Math.min(fanIn, excess + 1));
    merges.push(merge);
    at += merge.length;
    excess -= merge.length - 1;
  }
  return merges.filter((merge) => merge.length > 1);
}

/** Runs that overlap, directly or by way of others, are in one cluster; positions ascend in each. */
function clustersOf(runs: readonly RunSpans[]): number[][] {
  const bySmallest = runs.map((_, at) => at).sort((a, b) => compareBytes(firstOf(runs[a]!), firstOf(runs[b]!)));
  const clusters: number[][] = [];
  let largest: Uint8Array | undefined;
  for (const at of bySmallest) {
    const run = runs[at]!;
    const last = run.at(-1)!.largest;
    if (largest === undefined || compareBytes(firstOf(run), largest) > 0) clusters.push([]);
    if (largest === undefined || compareBytes(last, largest) > 0) largest = last;
    clusters.at(-1)!.push(at);
  }
  return clusters.map((cluster) => cluster.sort((a, b) => a - b));
}

function firstOf(run: RunSpans): Uint8Array {
  return run[0]!.smallest;
}
