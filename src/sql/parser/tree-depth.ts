/** Measures how deep a tree of nodes is, without recursion. */

/** Longest path of nodes (objects with a `kind`) from the root; arrays do not count. */
export function treeDepth(root: object): number {
  let deepest = 0;
  const pending: { value: object; depth: number }[] = [{ value: root, depth: 1 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    deepest = Math.max(deepest, next.depth);
    for (const member of Object.values(next.value) as unknown[]) {
      if (typeof member !== 'object' || member === null || member instanceof Uint8Array) continue;
      pending.push({ value: member, depth: next.depth + ('kind' in member ? 1 : 0) });
    }
  }
  return deepest;
}
