/** The files of values as maintenance and statistics see them: what is garbage, what to do about it, how much there may be. */

import type { CompactionPlan } from '../compaction/compaction-plan.js';
import {
  planCollection,
  planDiscovery,
  type ValueSpace,
  valueSpace,
  wornPlaces,
} from '../compaction/value-collection.js';
import type { Table } from '../table/table.js';
import type { Version } from '../version/version.js';
import type { VersionSet } from '../version/version-set.js';
import type { Pressure } from './commit-pace.js';
import type { EngineOptions } from './engine-options.js';

export interface ValueLogStats {
  /** Files that hold values, those that only the memtables know apart. */
  readonly segments: number;
  /** Of these files. */
  readonly bytes: number;
  /** What tables point to, of which some may be overwritten in newer tables. */
  readonly liveBytes: number;
  /** Known garbage. */
  readonly garbageBytes: number;
  /** Commits are slowed from here on. */
  readonly budgetBytes: number;
  /** Moved out of files with garbage since the database was opened. */
  readonly movedBytes: number;
}

/** A memtable points to this part of what the tables do at most: it may all be garbage. */
const MEMTABLE_PARTS = 8;
const SEGMENT_BYTES_MIN = 4 * 1024 * 1024;
/** Memtables' worth of values that a small database may have in garbage: one is written while others are flushed. */
const SLACK_SEGMENTS = 4;
/** Files may take this many times what the oldest run points to … */
const BUDGET_FACTOR = 1.8;
/** … until they are collected from this part of the garbage ratio on, and this many times until commits crawl. */
const URGENT_PART = 0.5;
const LIMIT_FACTOR = 2.2;
/** From this much garbage on a file is emptied when that was asked for. */
const THOROUGH_RATIO = 0.1;

export class ValueLog {
  readonly #versions: VersionSet;
  readonly #options: EngineOptions['valueLog'];
  #space: { readonly version: Version<Table>; readonly space: ValueSpace } | undefined;
  #movedBytes = 0;
  /** Somebody waits for as little garbage as can be. */
  thorough = false;

  constructor(versions: VersionSet, options: EngineOptions['valueLog']) {
    this.#versions = versions;
    this.#options = options;
  }

  /** How much a memtable may point to before it is sealed. */
  get segmentBytesMax(): number {
    return this.#segmentBytes(this.#current().baseBytes);
  }

  /** The files that a job should empty that is made now. */
  wornPlaces(): number[] {
    const space = this.#current();
    const { garbageRatio } = this.#options;
    if (this.thorough) return wornPlaces(space, Math.min(garbageRatio, THOROUGH_RATIO));
    return wornPlaces(space, space.bytes > this.#budgetBytes(space) ? garbageRatio * URGENT_PART : garbageRatio);
  }

  /** What there is to do for the sake of space. @param levelMin see `planRange`. */
  plan(levelMin: number): CompactionPlan<Table> | undefined {
    const version = this.#versions.current;
    const collection = planCollection(version, this.wornPlaces());
    if (collection !== undefined || this.thorough) return collection;
    return planDiscovery(version, this.#current(), { bytesMin: this.segmentBytesMax, levelMin });
  }

  moved(bytes: number): void {
    this.#movedBytes += bytes;
  }

  /** How near the files are to what they may take. */
  pressure(): Pressure {
    const space = this.#current();
    const budget = this.#budgetBytes(space);
    const limit = (budget * LIMIT_FACTOR) / BUDGET_FACTOR;
    return { value: Math.min(1, Math.max(0, (space.bytes - budget) / (limit - budget))), reason: 'values' };
  }

  stats(): ValueLogStats {
    const space = this.#current();
    const { files, bytes, liveBytes } = space;
    const budgetBytes = Math.round(this.#budgetBytes(space));
    return {
      segments: files.length,
      bytes,
      liveBytes,
      garbageBytes: bytes - liveBytes,
      budgetBytes,
      movedBytes: this.#movedBytes,
    };
  }

  #budgetBytes({ baseBytes, liveBytes }: ValueSpace): number {
    const certain = Math.max(baseBytes, liveBytes / 2);
    return Math.max(certain * BUDGET_FACTOR, certain + SLACK_SEGMENTS * this.#segmentBytes(certain));
  }

  #segmentBytes(baseBytes: number): number {
    return Math.min(this.#options.segmentBytes, Math.max(SEGMENT_BYTES_MIN, baseBytes / MEMTABLE_PARTS));
  }

  #current(): ValueSpace {
    const version = this.#versions.current;
    if (this.#space?.version !== version) {
      this.#space = { version, space: valueSpace(version, this.#versions.segmentSizes()) };
    }
    return this.#space.space;
  }
}
