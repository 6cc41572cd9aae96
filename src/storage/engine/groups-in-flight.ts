/**
 * The groups of commits that are written and not yet published, in the order of their timestamps, which is that in which they
 * are published. Two at most: while the device syncs one, this thread publishes the other, runs those who waited for it, and
 * writes what they commit next (docs/adr/0024-groups-overlap.md).
 */

import type { Clock } from '../../base/index.js';
import { LogFrames, type Separation } from '../log/log-frames.js';
import type { CommitRequest } from './commit-queue.js';

const GROUPS_MAX = 2;
/**
 * A second group begins beside another one when it will keep this thread busy for so long: a sync more costs 20 to 40 µs of
 * this thread and makes the other one slower. With 64 clients that is so for transactions, and not for single puts.
 */
const BUSY_MS_MIN = 0.075;
/** Within these, what a request keeps it busy for: anything else was something else. */
const REQUEST_MS_MIN = 0.0005;
const REQUEST_MS_MAX = 0.1;
/** How fast it grows from group to group: a thread that has waited for a core has not been busy. */
const GROWTH_MAX = 1.25;

export interface Group {
  readonly requests: readonly CommitRequest[];
  readonly durable: boolean;
  /** Number of the segment that follows; undefined when this group does not seal. */
  readonly successor: number | undefined;
  /** What it takes in the memtable, at most. */
  readonly memtableBytes: number;
  /** Its records in the log. */
  readonly frames: LogFrames;
  /** It is as durable as it needs to be. */
  isReady: boolean;
}

export class GroupsInFlight {
  readonly #separation: Separation;
  readonly #clock: Clock;
  readonly #free: LogFrames[] = [];
  #groups: Group[] = [];
  /** How long publishing a commit, and running whoever waited for it until the next group begins, keeps this thread busy. */
  #requestMs = REQUEST_MS_MIN;
  #publishedAtMs = 0;

  constructor(separation: Separation, clock: Clock) {
    this.#separation = separation;
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#groups.length === 0;
  }

  /** The next to be published; undefined when there is none. */
  get first(): Group | undefined {
    return this.#groups[0];
  }

  /** Whether one of them waits for a sync. */
  get waits(): boolean {
    return this.#groups.some((group) => !group.isReady);
  }

  get memtableBytes(): number {
    return this.#groups.reduce((sum, group) => sum + group.memtableBytes, 0);
  }

  /** Requests of groups that nobody syncs. */
  get unsyncedRequests(): number {
    return this.#groups.reduce((sum, group) => sum + (group.durable ? 0 : group.requests.length), 0);
  }

  /** Whether another group may begin, of so many requests that wait: none behind the end of a segment, until the next one is there. */
  mayBegin(waiting: number): boolean {
    if (this.#groups.some(({ successor }) => successor !== undefined)) return false;
    return this.isEmpty || (this.#groups.length < GROUPS_MAX && this.#keepBusy(waiting));
  }

  /**
   * How many of those that wait the next group takes: half of all there are, so that those who come back come in turns; all
   * where that is too little for a group.
   */
  shareOf(waiting: number): number {
    const all = this.#groups.reduce((sum, group) => sum + group.requests.length, waiting);
    const share = Math.ceil(all / GROUPS_MAX);
    return this.#keepBusy(share) ? share : waiting;
  }

  /** Empty, for the next group. */
  takeFrames(): LogFrames {
    const frames = this.#free.pop() ?? new LogFrames(this.#separation);
    frames.reset();
    return frames;
  }

  add(group: Group): void {
    this.#groups.push(group);
    const busyMs = this.#clock.monotonicMs() - this.#publishedAtMs;
    const requestMs = Math.min(busyMs / Math.max(1, group.requests.length), this.#requestMs * GROWTH_MAX);
    this.#requestMs = Math.min(REQUEST_MS_MAX, Math.max(REQUEST_MS_MIN, requestMs));
  }

  /** The first is about to be published. */
  publishing(): void {
    this.#publishedAtMs = this.#clock.monotonicMs();
  }

  /** The first is published: it holds nothing any more. */
  removeFirst(): void {
    this.#free.push(this.#groups.shift()!.frames);
  }

  #keepBusy(requests: number): boolean {
    return requests * this.#requestMs >= BUSY_MS_MIN;
  }

  takeAll(): Group[] {
    const all = this.#groups;
    this.#groups = [];
    return all;
  }
}
