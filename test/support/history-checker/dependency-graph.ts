/**
 * The direct serialization graph of a history (Adya 1999, section 3.1), with the order in which clients were told laid over
 * it. One array element per edge, as histories have tens of thousands.
 *
 * ww: overwrote what the other left. wr: saw what the other left. rw, the anti-dependency: saw what the other overwrote;
 * rw-range: missed it in a range, or saw it only there. time: had ended before the other began. To keep the last kind from
 * being quadratic there is one node per end, in a chain; transactions hang between its links.
 */

import type { VersionOrders } from './version-orders.js';
import type { TransactionSummary } from './transaction-summary.js';

export const Edge = { ww: 0, wr: 1, rw: 2, rwRange: 3, time: 4 } as const;
export type Edge = (typeof Edge)[keyof typeof Edge];

export const EDGE_NAMES = ['ww', 'wr', 'rw', 'rw-range', 'time'] as const;

export function isAntiDependency(edge: Edge): boolean {
  return edge === Edge.rw || edge === Edge.rwRange;
}

export class DependencyGraph {
  /** Those of the transactions first, in the order of the history. */
  nodes: number;
  readonly from: number[] = [];
  readonly to: number[] = [];
  readonly kinds: Edge[] = [];
  /** The key that an edge is about; '' for `time`. */
  readonly keys: string[] = [];

  constructor(nodes: number) {
    this.nodes = nodes;
  }

  add(kind: Edge, from: number, to: number, key: string): void {
    if (from === to) return;
    this.from.push(from);
    this.to.push(to);
    this.kinds.push(kind);
    this.keys.push(key);
  }
}

export function dependencyGraph(summaries: readonly TransactionSummary[], orders: VersionOrders): DependencyGraph {
  const graph = new DependencyGraph(summaries.length);
  for (const [key, { writers, later }] of orders.entries()) {
    for (let at = 2; at < writers.length; at++) {
      const [before, after] = [writers[at - 1], writers[at]];
      if (before !== undefined && after !== undefined) graph.add(Edge.ww, before, after, key);
    }
    const last = writers.at(-1);
    if (last !== undefined) for (const writer of later) graph.add(Edge.ww, last, writer, key);
  }
  for (const [reader, summary] of summaries.entries()) addReads(graph, reader, summary, orders);
  addTimes(graph, summaries);
  return graph;
}

function addReads(graph: DependencyGraph, reader: number, summary: TransactionSummary, orders: VersionOrders): void {
  const { snapshotTimestamp } = summary.recorded;
  for (const read of summary.reads) {
    const writer = orders.writerOf(read, snapshotTimestamp);
    if (writer !== undefined) graph.add(Edge.wr, writer, reader, read.key);
    const order = orders.order(read.key);
    const position = orders.positionOf(read, snapshotTimestamp);
    if (order === undefined || position === undefined) continue;
    const kind = read.byRange ? Edge.rwRange : Edge.rw;
    const next = order.writers[position + 1];
    if (next !== undefined) graph.add(kind, reader, next, read.key);
    if (position === order.writers.length - 1) for (const late of order.later) graph.add(kind, reader, late, read.key);
  }
}

function addTimes(graph: DependencyGraph, summaries: readonly TransactionSummary[]): void {
  const ends: { readonly at: number; readonly node: number }[] = [];
  for (const [node, { recorded }] of summaries.entries()) {
    if (recorded.endedAt !== undefined) ends.push({ at: recorded.endedAt, node });
  }
  ends.sort((a, b) => a.at - b.at);
  const chain = graph.nodes;
  graph.nodes += ends.length;
  for (const [link, { node }] of ends.entries()) {
    graph.add(Edge.time, node, chain + link, '');
    if (link > 0) graph.add(Edge.time, chain + link - 1, chain + link, '');
  }
  for (const [node, { recorded }] of summaries.entries()) {
    if (recorded.beganAt === undefined) continue;
    const ended = countBelow(ends, recorded.beganAt);
    if (ended > 0) graph.add(Edge.time, chain + ended - 1, node, '');
  }
}

function countBelow(ends: readonly { readonly at: number }[], moment: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ends[middle]!.at < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
