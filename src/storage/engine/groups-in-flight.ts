/**
 * The groups of commits that are written and not yet published, in the order of their timestamps, which is that in which they
 * are published. Two at most: while the device syncs one, this thread publishes the other, runs those who waited for it, and
 * writes what they commit next (docs/adr/0024-groups-overlap.md).
 */

import { LogFrames, type Separation } from '../log/log-frames.js';
import type { CommitRequest } from './commit-queue.js';

const GROUPS_MAX = 2;
/**
 * A second group begins only with so many: what a smaller one costs this thread is hidden behind no sync that would not be
 * better shared. Measured with 1 to 256 clients, see the ADR.
 */
const REQUESTS_MIN = 16;

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
  readonly #free: LogFrames[] = [];
  #groups: Group[] = [];

  constructor(separation: Separation) {
    this.#separation = separation;
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

  /** Whether another group may begin, of so many requests that wait. */
  mayBegin(waiting: number): boolean {
    return this.isEmpty || (this.#groups.length < GROUPS_MAX && waiting >= REQUESTS_MIN);
  }

  /** How many of those that wait the next group takes: half of all there are, so that those who come back come in turns. */
  shareOf(waiting: number): number {
    const all = this.#groups.reduce((sum, group) => sum + group.requests.length, waiting);
    return Math.max(REQUESTS_MIN, Math.ceil(all / GROUPS_MAX));
  }

  /** Empty, for the next group. */
  takeFrames(): LogFrames {
    const frames = this.#free.pop() ?? new LogFrames(this.#separation);
    frames.reset();
    return frames;
  }

  add(group: Group): void {
    this.#groups.push(group);
  }

  /** The first is published: it holds nothing any more. */
  removeFirst(): void {
    this.#free.push(this.#groups.shift()!.frames);
  }

  takeAll(): Group[] {
    const all = this.#groups;
    this.#groups = [];
    return all;
  }
}
