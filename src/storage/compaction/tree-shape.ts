/**
 * The shape of the tree as a function of a version and the policy: which levels are in use, how many runs and bytes each
 * may hold, and how far each is over that.
 *
 * The tree is a Fluid LSM tree (Dayan & Idreos, "Dostoevsky", SIGMOD 2018): level i may hold K_i runs, level 0 is the
 * buffer of flushed memtables, and of two levels the deeper one is T (`sizeRatio`) times larger. K = 1 everywhere is
 * leveling, K = T − 1 everywhere tiering (the T-th run to arrive has the level merged), K = T − 1 with 1 at the largest
 * level lazy leveling. For T = 2 all three are the same, as in the paper.
 *
 * Where the largest level is one run, sizes are counted from the bottom (Dong et al., "Optimizing Space Amplification in
 * RocksDB", CIDR 2017): it holds D bytes, the one above D / T, and so on for as many levels as D needs. That bounds what the
 * levels above can shadow to about 1 / (T − 1) of the data, whatever D is, and level 0 goes past levels nobody needs.
 */

import type { Version } from '../version/version.js';

export type TreePolicyName = 'leveled' | 'tiered' | 'lazy-leveled';

export interface TreePolicy {
  readonly policy: TreePolicyName;
  /** Runs in level 0 that start a compaction. */
  readonly level0Runs: number;
  /** What level 0 is expected to hold by then, in bytes; level 1 may hold `sizeRatio` times as much, and so on. */
  readonly levelBaseBytes: number;
  /** T: how many times larger a level is than the one above it. */
  readonly sizeRatio: number;
}

/** A level of runs that were merged but hardly overlap is moved on at this multiple of its size. */
const TIERED_SLACK = 2;

export class TreeShape {
  /** The level that level 0 is merged into; those between are empty or on their way out. */
  readonly first: number;
  /** The largest level, or the one that the present largest is about to become. */
  readonly last: number;
  readonly #version: Version;
  readonly #policy: TreePolicy;
  readonly #kind: TreePolicyName;
  /** Bytes of the largest level. */
  readonly #largestBytes: number;

  constructor(version: Version, policy: TreePolicy) {
    this.#version = version;
    this.#policy = policy;
    this.#kind = policy.sizeRatio === 2 ? 'leveled' : policy.policy;
    const deepest = Math.max(1, version.levels.length - 1);
    let largestBytes = 0;
    for (let level = 1; level <= deepest; level++) largestBytes = Math.max(largestBytes, version.bytesAt(level));
    this.#largestBytes = largestBytes;
    if (this.#kind === 'tiered') {
      this.first = 1;
      this.last = deepest;
      return;
    }
    let needed = 1;
    while (largestBytes > policy.levelBaseBytes * policy.sizeRatio ** needed) needed++;
    this.last = Math.max(needed, deepest);
    this.first = this.last - needed + 1;
  }

  /** K: the runs that a level below 0 may hold for long. */
  runsMax(level: number): number {
    if (this.#kind === 'leveled' || (this.#kind === 'lazy-leveled' && level >= this.last)) return 1;
    return this.#policy.sizeRatio - 1;
  }

  /** Where the content of a level goes: past levels that are neither needed nor occupied. */
  targetOf(level: number): number {
    let target = level + 1;
    while (target < this.first && this.#version.runsAt(target).length === 0) target++;
    return target;
  }

  /** Bytes that a level below 0 may hold. */
  bytesMax(level: number): number {
    const { levelBaseBytes, sizeRatio } = this.#policy;
    if (this.#kind === 'leveled' && level < this.last) return this.#largestBytes / sizeRatio ** (this.last - level);
    const fromTheTop = levelBaseBytes * sizeRatio ** (level - this.first + 1);
    return this.runsMax(level) === 1 ? fromTheTop : fromTheTop * TIERED_SLACK;
  }

  /** How full a level is: from 1 on it wants to be compacted. */
  score(level: number): number {
    const runs = this.#version.runsAt(level).length;
    if (runs === 0) return 0;
    if (level === 0) return runs / this.#policy.level0Runs;
    if (level < this.first) return 1;
    const fullness = this.#version.bytesAt(level) / this.bytesMax(level);
    const runsMax = this.runsMax(level);
    if (runsMax > 1) return Math.max(runs / (runsMax + 1), fullness);
    // Several runs where there should be one are left from another policy.
    const excess = runs > 1 ? runs / 2 : 0;
    return level < this.last ? Math.max(excess, fullness) : excess;
  }

  /**
   * Bytes that have to be written until no level is over its size: what is too much in each, what comes to it from above,
   * and what that is merged with. An estimate: that key ranges overlap evenly, and that nothing is dropped.
   */
  debtBytes(): number {
    let debt = 0;
    let arriving = 0;
    for (let level = 0; level < this.#version.levels.length; level++) {
      const bytes = this.#version.bytesAt(level) + arriving;
      const leaving = this.#leavingBytes(level, bytes);
      arriving = leaving;
      if (leaving === 0) continue;
      const target = this.targetOf(level);
      const below = this.runsMax(target) === 1 ? this.#version.bytesAt(target) : 0;
      debt += leaving * (1 + below / bytes);
    }
    return debt;
  }

  /** How much of the `bytes` that a level holds, or is going to hold, goes deeper. */
  #leavingBytes(level: number, bytes: number): number {
    const asAWhole =
      level === 0 || level < this.first || this.runsMax(level) > 1 || this.#version.runsAt(level).length > 1;
    if (asAWhole) return this.score(level) >= 1 ? bytes : 0;
    return level < this.last ? Math.max(0, bytes - this.bytesMax(level)) : 0;
  }
}
