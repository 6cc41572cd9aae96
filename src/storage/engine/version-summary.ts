/** What maintenance keeps asking about a version, worked out once for each: versions are too large for every commit. */

import type { TreePolicy } from '../compaction/tree-shape.js';
import { heldSpan } from '../compaction/version-holds.js';
import type { Timestamp } from '../entry.js';
import type { Table } from '../table/table.js';
import type { Version } from '../version/version.js';
import { type TreePressure, treePressure } from './backlog.js';

interface Summary {
  readonly version: Version<Table>;
  readonly pressure: TreePressure;
  /** The oldest and the newest snapshot that were open for the sake of which tables hold superseded versions. */
  readonly held: ReturnType<typeof heldSpan>;
}

export class VersionSummary {
  readonly #policy: TreePolicy;
  #last: Summary | undefined;

  constructor(policy: TreePolicy) {
    this.#policy = policy;
  }

  /** Whether closing the last snapshot as of `timestamp` may have freed versions in tables of `version`. */
  mayFree(version: Version<Table>, timestamp: Timestamp): boolean {
    const { held } = this.of(version);
    return held !== undefined && timestamp >= held.from && timestamp <= held.to;
  }

  of(version: Version<Table>): Summary {
    if (this.#last?.version !== version) {
      this.#last = { version, pressure: treePressure(version, this.#policy), held: heldSpan(version.tables()) };
    }
    return this.#last;
  }
}
