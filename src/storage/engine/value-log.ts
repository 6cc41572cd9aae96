/** The files of values as maintenance and statistics see them: what is garbage, what to do about it, how much there may be. */

import type { CompactionPlan, PlanInput } from '../compaction/compaction-plan.js';
import {
  planCollection,
  planDiscovery,
  smallPlaces,
  type ValueSpace,
  valueSpace,
  wornPlaces,
} from '../compaction/value-collection.js';
import { decodeError } from '../compaction/error-record.js';
import { placeName } from '../format/value-pointer.js';
import type { Evacuation, ValueDamage } from '../compaction/value-evacuation.js';
import type { Table } from '../table/table.js';
import type { Version } from '../version/version.js';
import type { VersionSet } from '../version/version-set.js';
import type { Pressure } from './commit-pace.js';
import type { EngineEvent, EngineOptions } from './engine-options.js';

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
const MEMTABLE_PARTS = 16;
const SEGMENT_BYTES_MIN = 4 * 1024 * 1024;
/** Of what the oldest run points to: below this, only files that are mostly garbage are collected while commits come, … */
const ROOMY_FACTOR = 1.5;
const ROOMY_RATIO = 0.9;
/** … from here on files are even where garbage is thinly spread, … */
const COLLECTED_FACTOR = 1.7;
/** … commits are slowed from here on, … */
const BUDGET_FACTOR = 1.9;
/** … and crawl here. */
const LIMIT_FACTOR = 2.2;
/** Segments are kept for the next ones until they and all else take so much. */
const SPARE_FACTOR = 2;
/** And one of them, for what a segment holds as a rule: keys and small values of a memtable, and what that points to. */
const SPARE_SEGMENT_FACTOR = 2;
/**
 * How slowly commits are slowed at first: they settle where the files grow no more, which is then in the middle of the way to
 * the limit and not where it begins.
 */
const PRESSURE_EXPONENT = 3;
/** Small databases may take so many of the smallest segments more. */
const SLACK_SEGMENTS = 4;
/** One job moves so many segments at most. */
const MOVED_SEGMENTS_MAX = 1;
/** A file with less than this part of a full one is small. */
const SMALL_PART = 1 / 16;
/** From this much garbage on a file is emptied when that was asked for, and when nobody writes. */
const THOROUGH_RATIO = 0.1;
const KEPT_RATIO = 0.2;
/** Runs are merged to learn what is garbage when newer ones point to this part of what the oldest does. */
const DISCOVERY_RATIO = 1 / 8;

export class ValueLog {
  readonly #versions: VersionSet;
  readonly #options: EngineOptions['valueLog'];
  #space: { readonly version: Version<Table>; readonly space: ValueSpace } | undefined;
  #movedBytes = 0;
  /** What only memtables point to. */
  readonly #unflushedBytes: () => number;
  /** What the merge under way may have to move out of the files that it empties. */
  #movingBytes = 0;
  /** Files with smaller numbers may be joined. */
  #joinsBefore = 0;
  /** Files that are not emptied, as a value in them is damaged, with its error. */
  readonly #damaged = new Map<number, unknown>();
  /** Somebody waits for as little garbage as can be. */
  thorough = false;
  /** Garbage is looked for and collected that would not be while commits come. */
  #keepsUp = false;

  constructor(
    versions: VersionSet,
    { valueLog: options, memtableBytes }: Pick<EngineOptions, 'valueLog' | 'memtableBytes'>,
    unflushedBytes: () => number,
  ) {
    this.#versions = versions;
    this.#options = options;
    this.#unflushedBytes = unflushedBytes;
    versions.spares.limit({
      all: () => this.#allowedBytes(this.space, SPARE_FACTOR) - this.#takenBytes,
      each: () => SPARE_SEGMENT_FACTOR * (memtableBytes + this.segmentBytesMax),
    });
  }

  /** How much a memtable may point to before it is sealed. */
  get segmentBytesMax(): number {
    return this.#segmentBytes(this.space.baseBytes);
  }

  /** The files that a job should empty that is made now. */
  wornPlaces(): number[] {
    const space = this.space;
    const excessBytes = space.bytes - this.#lostBytes - this.#allowedBytes(space, COLLECTED_FACTOR);
    const files = space.files.filter(({ place }) => !this.#damaged.has(place));
    const movedBytesMax = MOVED_SEGMENTS_MAX * this.segmentBytesMax;
    const worn = wornPlaces(files, {
      garbageRatio: this.#garbageRatio(space),
      excessBytes: this.thorough ? 0 : excessBytes,
      movedBytesMax,
    });
    if (worn.length > 0 || !this.thorough) return worn;
    return smallPlaces(files, {
      bytesMax: this.segmentBytesMax * SMALL_PART,
      movedBytesMax,
      before: this.#joinsBefore,
    });
  }

  /** From how much garbage on a file is emptied. What is moved while most of it may soon be overwritten is moved in vain. */
  #garbageRatio(space: ValueSpace): number {
    const { garbageRatio } = this.#options;
    if (this.thorough) return Math.min(garbageRatio, THOROUGH_RATIO);
    if (this.#keepsUp) return Math.min(garbageRatio, KEPT_RATIO);
    // Whoever asked for less garbage is to have less.
    const roomy = this.#allowedBytes(space, Math.min(ROOMY_FACTOR, 1 / (1 - garbageRatio)));
    return space.bytes < roomy ? Math.max(garbageRatio, ROOMY_RATIO) : garbageRatio;
  }

  /** What there is to do for the sake of space. @param levelMin see `planRange`. */
  plan(levelMin: number): CompactionPlan<Table> | undefined {
    const version = this.#versions.current;
    const bytesMin = this.#keepsUp ? 1 : Math.max(this.segmentBytesMax, this.space.baseBytes * DISCOVERY_RATIO);
    const worn = this.wornPlaces();
    // What newer runs overwrote need not be moved: merged first, and in the same job.
    const hiddenMin = worn.length > 0 ? 1 : bytesMin;
    const plan =
      (this.thorough ? undefined : planDiscovery(version, this.space, { bytesMin: hiddenMin, levelMin })) ??
      planCollection(version, worn);
    if (plan === undefined && (this.thorough || this.#keepsUp)) {
      this.#keepsUp = false;
      this.#versions.giveUpSpares('all');
    }
    return plan;
  }

  /** Until there is nothing left to do, more is worth doing. */
  keepUp(): void {
    this.#keepsUp = true;
  }

  /** What a job that merges `inputs` is to do about values. Spare segments give way to what it may move, until `mergeEnded`. */
  evacuation(inputs: readonly PlanInput[]): Evacuation | undefined {
    const { thresholdBytes, segmentBytes, compression } = this.#options;
    const places = this.wornPlaces();
    if (places.length === 0 && thresholdBytes === Number.POSITIVE_INFINITY) return undefined;
    const emptied = this.space.files.filter(({ place }) => places.includes(place));
    this.#movingBytes = emptied.reduce((sum, { liveBytes }) => sum + liveBytes, 0);
    this.#versions.giveUpSpares('excess');
    const tableBytes = inputs.flatMap(({ tables }) => tables).reduce((sum, table) => sum + table.rawBytes, 0);
    const fileNumbers: number[] = [];
    for (let reserved = 0; reserved <= this.#movingBytes + tableBytes; reserved += segmentBytes) {
      fileNumbers.push(this.#versions.allocateFileNumber());
    }
    return { places, thresholdBytes, compresses: compression === 'lz4', fileNumbers, fileBytes: segmentBytes };
  }

  /** The merge under way has come to its end, whatever it was. */
  mergeEnded(): void {
    this.#movingBytes = 0;
  }

  /** A merge that has written `movedBytes` of values is about to be installed. The result tells, afterwards, what it did. */
  collecting(movedBytes: number): () => (EngineEvent & { type: 'gc' }) | undefined {
    const before = this.space.bytes;
    this.#movedBytes += movedBytes;
    return () => {
      const freedBytes = before + movedBytes - this.space.bytes;
      return movedBytes === 0 && freedBytes === 0 ? undefined : { type: 'gc', movedBytes, freedBytes };
    };
  }

  /** The files that a job found damaged stay as they are until `reconsider`. Returns what is to be told. */
  leave(damages: readonly ValueDamage[]): (EngineEvent & { type: 'damage' })[] {
    return damages.map(({ place, error: record }) => {
      const error = decodeError(record);
      this.#damaged.set(place, error);
      return { type: 'damage', file: placeName(place), error };
    });
  }

  /** Everything is to be collected: damaged values may have been deleted, and small files are joined that there are now. */
  reconsider(): void {
    this.#joinsBefore = this.#versions.state.nextFileNumber;
    this.#damaged.clear();
  }

  /** The error of a damaged file that is still needed. */
  get damage(): unknown {
    const file = this.space.files.find(({ place }) => this.#damaged.has(place));
    return file === undefined ? undefined : this.#damaged.get(file.place);
  }

  /** How near the files are to what they may take. */
  pressure(): Pressure {
    const space = this.space;
    // Where there are no values, segments on their way out are no reason to wait.
    if (space.bytes === 0 && this.#unflushedBytes() === 0) return { value: 0, reason: 'values' };
    const budget = this.#allowedBytes(space, BUDGET_FACTOR);
    const limit = this.#allowedBytes(space, LIMIT_FACTOR);
    const value = (this.#takenBytes - this.#lostBytes - budget) / (limit - budget);
    return { value: Math.min(1, Math.max(0, value)) ** PRESSURE_EXPONENT, reason: 'values' };
  }

  stats(): ValueLogStats {
    const space = this.space;
    const { files, bytes, liveBytes } = space;
    const budgetBytes = Math.round(this.#allowedBytes(space, BUDGET_FACTOR));
    return {
      segments: files.length,
      bytes,
      liveBytes,
      garbageBytes: bytes - liveBytes,
      budgetBytes,
      movedBytes: this.#movedBytes,
    };
  }

  /** What there is and what is coming, spare segments apart. */
  get #takenBytes(): number {
    return this.space.bytes + this.#unflushedBytes() + this.#movingBytes + this.#versions.leavingBytes;
  }

  /** Garbage that no collection frees: commits are not slowed for its sake. */
  get #lostBytes(): number {
    if (this.#damaged.size === 0) return 0;
    const lost = this.space.files.filter(({ place }) => this.#damaged.has(place));
    return lost.reduce((sum, { liveBytes, garbage }) => sum + (liveBytes * garbage) / (1 - garbage), 0);
  }

  #allowedBytes({ baseBytes, liveBytes }: ValueSpace, factor: number): number {
    const certain = Math.max(baseBytes, liveBytes / 2);
    const slack = SLACK_SEGMENTS * Math.min(SEGMENT_BYTES_MIN, this.#options.segmentBytes);
    return certain * factor + slack;
  }

  #segmentBytes(baseBytes: number): number {
    return Math.min(this.#options.segmentBytes, Math.max(SEGMENT_BYTES_MIN, baseBytes / MEMTABLE_PARTS));
  }

  /** Of the current version. */
  get space(): ValueSpace {
    const version = this.#versions.current;
    if (this.#space?.version !== version) {
      this.#space = { version, space: valueSpace(version, this.#versions.segmentSizes()) };
    }
    return this.#space.space;
  }
}
