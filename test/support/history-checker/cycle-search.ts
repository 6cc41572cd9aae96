/**
 * Finds the cycles that an isolation level forbids, and gives each strongly connected component the name of the worst
 * cycle in it.
 *
 * serializable: any cycle (Adya 1999, theorem 1). snapshot: any cycle without two anti-dependencies in a row; a history
 * without one is one that snapshot isolation can make, and the other way round (A. Cerone and A. Gotsman, "Analysing
 * snapshot isolation", J. ACM 65(2), 2018, theorem 10). Such cycles are the cycles of a graph with two nodes for each
 * transaction, one for having been reached by an anti-dependency: from it no other one leaves.
 */

import type { Anomaly, AnomalyKind } from './anomaly.js';
import { type Adjacency, adjacency, cyclicComponents, shortestPath } from './cycles.js';
import { type DependencyGraph, Edge, EDGE_NAMES, isAntiDependency } from './dependency-graph.js';

export interface CyclesFound {
  /** One per component. */
  readonly forbidden: readonly Anomaly[];
  /** What snapshot isolation permits and serializability does not; only looked for under `snapshot`. */
  readonly permitted: readonly Anomaly[];
}

type EdgeTest = (kind: Edge) => boolean;

const isOverwrite: EdgeTest = (kind) => kind === Edge.ww;
const isDependency: EdgeTest = (kind) => kind === Edge.ww || kind === Edge.wr;
const isItem: EdgeTest = (kind) => kind !== Edge.rwRange;

export class CycleSearch {
  readonly #graph: DependencyGraph;
  readonly #nameOf: (node: number) => string;

  /** @param nameOf of the transaction with this number. */
  constructor(graph: DependencyGraph, nameOf: (node: number) => string) {
    this.#graph = graph;
    this.#nameOf = nameOf;
  }

  search(isolation: 'serializable' | 'snapshot'): CyclesFound {
    const { nodes, from, to } = this.#graph;
    const all = from.map((_, edge) => edge);
    const serial = cyclicComponents(adjacency(nodes, from, to, all)).map((component) => this.#within(component));
    if (isolation === 'serializable') return { forbidden: serial.map((edges) => this.#worst(edges)), permitted: [] };
    const split = splitGraph(this.#graph, serial.flat());
    const forbidden = cyclicComponents(adjacency(split.nodes, split.from, split.to, split.all)).map((component) =>
      this.#worst(this.#within(component.map((node) => node % nodes))),
    );
    const permitted = serial.map((edges) => this.#worst(edges)).filter((found) => found.kind.startsWith('G2'));
    return { forbidden, permitted };
  }

  /** The edges between the nodes of a component. */
  #within(component: readonly number[]): number[] {
    const { from, to } = this.#graph;
    const members = new Set(component);
    const edges: number[] = [];
    for (let edge = 0; edge < from.length; edge++) {
      if (members.has(from[edge]!) && members.has(to[edge]!)) edges.push(edge);
    }
    return edges;
  }

  /** From bad to harmless, first without the order that clients were told, then with it. */
  #worst(edges: readonly number[]): Anomaly {
    for (const realTime of [false, true]) {
      const counts: EdgeTest = (kind) => realTime || kind !== Edge.time;
      const found =
        this.#plain('G0', edges, (kind) => isOverwrite(kind) || (realTime && kind === Edge.time)) ??
        this.#plain('G1c', edges, (kind) => isDependency(kind) || (realTime && kind === Edge.time)) ??
        this.#single(edges, (kind) => !isAntiDependency(kind) && counts(kind)) ??
        this.#nonadjacent(edges.filter((edge) => counts(this.#graph.kinds[edge]!))) ??
        this.#plain('G2-item', edges, (kind) => isItem(kind) && counts(kind)) ??
        this.#plain('G2', edges, counts);
      if (found !== undefined) return { ...found, realTime };
    }
    throw new Error('a strongly connected component without a cycle');
  }

  #plain(kind: AnomalyKind, edges: readonly number[], test: EdgeTest): Anomaly | undefined {
    const { nodes, from, to, kinds } = this.#graph;
    const chosen = edges.filter((edge) => test(kinds[edge]!));
    const graph = adjacency(nodes, from, to, chosen);
    const [component] = cyclicComponents(graph);
    if (component === undefined) return undefined;
    const members = new Set(component);
    const first = chosen.find((edge) => members.has(from[edge]!) && members.has(to[edge]!))!;
    return this.#closed(kind, graph, first);
  }

  #single(edges: readonly number[], test: EdgeTest): Anomaly | undefined {
    const { nodes, from, to, kinds, keys } = this.#graph;
    const graph = adjacency(
      nodes,
      from,
      to,
      edges.filter((edge) => test(kinds[edge]!)),
    );
    for (const edge of edges) {
      if (!isAntiDependency(kinds[edge]!)) continue;
      const back = shortestPath(graph, to[edge]!, from[edge]!);
      if (back === undefined) continue;
      const lost = back.length === 1 && kinds[back[0]!] === Edge.ww && keys[back[0]!] === keys[edge];
      return this.#anomaly(lost ? 'P4' : 'G-single', [edge, ...back]);
    }
    return undefined;
  }

  #nonadjacent(edges: readonly number[]): Anomaly | undefined {
    const { nodes } = this.#graph;
    const split = splitGraph(this.#graph, edges);
    const graph = adjacency(split.nodes, split.from, split.to, split.all);
    const [component] = cyclicComponents(graph);
    if (component === undefined) return undefined;
    const members = new Set(component);
    const first = split.all.find((at) => members.has(split.from[at]!) && members.has(split.to[at]!))!;
    const back = shortestPath(graph, split.to[first]!, split.from[first]!) ?? [];
    return this.#anomaly(
      'G-nonadjacent',
      [first, ...back].map((at) => split.edges[at]!),
      (node) => node % nodes,
    );
  }

  #closed(kind: AnomalyKind, graph: Adjacency, first: number): Anomaly {
    const { from, to } = this.#graph;
    return this.#anomaly(kind, [first, ...(shortestPath(graph, to[first]!, from[first]!) ?? [])]);
  }

  #anomaly(kind: AnomalyKind, cycle: readonly number[], original = (node: number) => node): Anomaly {
    const { from, kinds, keys } = this.#graph;
    const steps = cycle.map((edge) => {
      const key = keys[edge] === '' ? '' : ` ${keys[edge]}`;
      return `${this.#nameOf(original(from[edge]!))} –${EDGE_NAMES[kinds[edge]!]}${key}→`;
    });
    return { kind, realTime: false, message: `${steps.join(' ')} ${this.#nameOf(original(from[cycle[0]!]!))}` };
  }
}

interface SplitGraph {
  readonly nodes: number;
  readonly from: number[];
  readonly to: number[];
  /** The original of each edge. */
  readonly edges: number[];
  readonly all: number[];
}

/** Node n stands for having been reached otherwise, n + nodes for having been reached by an anti-dependency. */
function splitGraph(graph: DependencyGraph, chosen: readonly number[]): SplitGraph {
  const { nodes } = graph;
  const split = {
    nodes: nodes * 2,
    from: [] as number[],
    to: [] as number[],
    edges: [] as number[],
    all: [] as number[],
  };
  const add = (edge: number, from: number, to: number) => {
    split.all.push(split.all.length);
    split.from.push(from);
    split.to.push(to);
    split.edges.push(edge);
  };
  for (const edge of chosen) {
    const [from, to] = [graph.from[edge]!, graph.to[edge]!];
    if (isAntiDependency(graph.kinds[edge]!)) {
      add(edge, from, to + nodes);
    } else {
      add(edge, from, to);
      add(edge, from + nodes, to);
    }
  }
  return split;
}
