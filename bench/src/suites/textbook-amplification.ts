/** What the textbook says a tree writes; docs/adr/0005-one-tree-for-three-policies.md compares it with Varve. */

export interface TreeShape {
  readonly policy: 'leveled' | 'tiered' | 'lazy-leveled';
  /** T. */
  readonly sizeRatio: number;
  /** What the flushed memtables hold when they are merged, and the tree in all, in the same kind of bytes. */
  readonly level0Bytes: number;
  readonly dataBytes: number;
}

/**
 * 1 + Σ (Tᵢ − 1) / (Kᵢ + 1): an entry is flushed once, and written so often in a level of ratio Tᵢ to the one above that may
 * hold Kᵢ runs (Dayan & Idreos, 2018, for a merge that meets a level which is half full on average). Where the largest level
 * is one run it holds exactly the data: with leveling the ratio of the first level takes up what is left, as sizes are
 * counted from the bottom, with lazy leveling that of the last.
 */
export function textbookWriteAmplification({ policy, sizeRatio, level0Bytes, dataBytes }: TreeShape): number {
  let levels = 1;
  while (dataBytes > level0Bytes * sizeRatio ** levels) levels++;
  const oddRatio = dataBytes / (level0Bytes * sizeRatio ** (levels - 1));
  const oneRun = (ratio: number): number => Math.max(0, ratio - 1) / 2;
  const manyRuns = (sizeRatio - 1) / sizeRatio;
  if (policy === 'tiered') return 1 + levels * manyRuns;
  if (policy === 'leveled') return 1 + oneRun(oddRatio) + (levels - 1) * oneRun(sizeRatio);
  return 1 + (levels - 1) * manyRuns + oneRun(oddRatio);
}
