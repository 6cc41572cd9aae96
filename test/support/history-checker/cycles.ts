/**
 * Cycles in a graph given by arrays of edges: strongly connected components by R. Tarjan, "Depth-first search and linear
 * graph algorithms" (SIAM J. Computing 1(2), 1972), without recursion, as histories are longer than stacks are deep; and a
 * shortest path by breadth-first search.
 */

/** Edges by the node they leave: those of node n are `edges[starts[n]]` … `edges[starts[n + 1] - 1]`. */
export interface Adjacency {
  readonly nodes: number;
  readonly starts: Int32Array;
  readonly edges: Int32Array;
  readonly to: ArrayLike<number>;
}

/** The graph of the edges with an index in `chosen`. */
export function adjacency(
  nodes: number,
  from: ArrayLike<number>,
  to: ArrayLike<number>,
  chosen: readonly number[],
): Adjacency {
  const starts = new Int32Array(nodes + 1);
  for (const edge of chosen) starts[from[edge]! + 1]!++;
  for (let node = 0; node < nodes; node++) starts[node + 1]! += starts[node]!;
  const next = starts.slice();
  const edges = new Int32Array(chosen.length);
  for (const edge of chosen) edges[next[from[edge]!]!++] = edge;
  return { nodes, starts, edges, to };
}

/** The components of more than one node. */
export function cyclicComponents({ nodes, starts, edges, to }: Adjacency): number[][] {
  const order = new Int32Array(nodes);
  const low = new Int32Array(nodes);
  const isOpen = new Uint8Array(nodes);
  const position = starts.slice(0, nodes);
  const open: number[] = [];
  const path: number[] = [];
  const components: number[][] = [];
  let visited = 0;
  const enter = (node: number) => {
    order[node] = low[node] = ++visited;
    isOpen[node] = 1;
    open.push(node);
    path.push(node);
  };
  for (let root = 0; root < nodes; root++) {
    if (order[root] !== 0) continue;
    enter(root);
    while (path.length > 0) {
      const node = path.at(-1)!;
      if (position[node]! < starts[node + 1]!) {
        const target = to[edges[position[node]!++]!]!;
        if (order[target] === 0) enter(target);
        else if (isOpen[target] === 1) low[node] = Math.min(low[node]!, order[target]!);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[node]!);
      if (low[node] !== order[node]) continue;
      const component = open.splice(open.lastIndexOf(node));
      for (const member of component) isOpen[member] = 0;
      if (component.length > 1) components.push(component);
    }
  }
  return components;
}

/** The edges of a shortest path; undefined when there is none. `from` and `to` differ. */
export function shortestPath(graph: Adjacency, from: number, to: number): number[] | undefined {
  const cameBy = new Map<number, { readonly edge: number; readonly before: number }>();
  const queue = [from];
  for (const node of queue) {
    for (let at = graph.starts[node]!; at < graph.starts[node + 1]!; at++) {
      const edge = graph.edges[at]!;
      const target = graph.to[edge]!;
      if (target === from || cameBy.has(target)) continue;
      cameBy.set(target, { edge, before: node });
      if (target === to) return pathTo(to, from, cameBy);
      queue.push(target);
    }
  }
  return undefined;
}

function pathTo(
  to: number,
  from: number,
  cameBy: ReadonlyMap<number, { readonly edge: number; readonly before: number }>,
): number[] {
  const path: number[] = [];
  for (let node = to; node !== from; ) {
    const { edge, before } = cameBy.get(node)!;
    path.unshift(edge);
    node = before;
  }
  return path;
}
