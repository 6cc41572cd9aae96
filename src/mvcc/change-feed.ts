/**
 * What was committed in a range, commit by commit, from a timestamp on, for as long as somebody reads: from memory where the
 * reader keeps up, from history where it does not, so that a slow reader costs no memory. Nothing is left out or told twice,
 * and the timestamp of what was told last is where another feed can go on, after a restart too.
 *
 * History that is still to be read is kept until the feed ends, by `return` (a `break`), disposal, its signal, an error, or
 * the end of the store.
 */

import { compareByteRanges, intersectRanges, type KeyRange, rangeIsEmpty } from '../base/index.js';
import { type Engine, EntryKind, type Timestamp, type WriteBatch } from '../storage/index.js';
import { type ChangeGroup, inOrder, type KeyChange, nameOf, readChanges, withoutClears } from './change-history.js';
import type { ChangeTail } from './change-tail.js';
import type { SnapshotRegistry } from './snapshot-registry.js';

/** What feeds share. */
export interface FeedContext {
  readonly engine: Engine;
  readonly registry: SnapshotRegistry;
  readonly tail: ChangeTail;
  /** Feeds that have not ended. */
  readonly open: Set<{ fail(reason: unknown): void }>;
  /** Newest commit handed to the engine. */
  submitted(): Timestamp;
}

export interface FeedOptions {
  readonly range: KeyRange;
  /** Begins after it; the caller has checked that all changes since are there. */
  readonly since: Timestamp;
  readonly signal?: AbortSignal | undefined;
  /** Called once, at the end. */
  readonly ended?: (() => void) | undefined;
}

export class ChangeFeed<T> implements AsyncIterableIterator<T, undefined>, AsyncDisposable {
  readonly #context: FeedContext;
  readonly #options: FeedOptions;
  readonly #convert: (group: ChangeGroup) => T;
  /** Every change up to it has been told. */
  #cursor: Timestamp;
  /** Read from history and not told yet, and how far that reading went. */
  #groups: ChangeGroup[] = [];
  #readThrough: Timestamp;
  #failure: { readonly reason: unknown } | undefined;
  #ended = false;
  #wake: (() => void) | undefined;
  /** Calls of `next` are answered one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #aborted = (): void => this.fail(this.#options.signal?.reason);

  /** @param convert makes of a commit what the reader gets. */
  constructor(context: FeedContext, options: FeedOptions, convert: (group: ChangeGroup) => T) {
    this.#context = context;
    this.#options = options;
    this.#convert = convert;
    this.#cursor = this.#readThrough = options.since;
    context.registry.keepSince(this.#cursor);
    context.tail.enter(context.submitted());
    context.open.add(this);
    options.signal?.addEventListener('abort', this.#aborted);
  }

  /** The commit up to which everything has been told. */
  get timestamp(): Timestamp {
    return this.#cursor;
  }

  /** Resolves with the next commit that changed anything in the range, once there is one. */
  next(): Promise<IteratorResult<T, undefined>> {
    const answer = this.#last.then(() => this.#next());
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  /** Ends the feed; a `next` that waits is done. Idempotent. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    this.#end();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the feed; the next `next`, or the one that waits, rejects with `reason`. */
  fail(reason: unknown): void {
    if (this.#ended) return;
    this.#failure = { reason };
    this.#end();
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    try {
      while (!this.#ended) {
        const found = await this.#nextGroup();
        if (found === undefined) continue;
        const group = await withoutClears(this.#context.engine, found);
        if (group.changes.length > 0 && !this.#isOver()) {
          const value = this.#convert(group);
          this.#moveTo(group.timestamp);
          return { done: false, value };
        }
      }
    } catch (error) {
      this.#end();
      throw error;
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.reason;
    return { done: true, value: undefined };
  }

  /** Undefined when there was none yet, and it is time to look again. */
  async #nextGroup(): Promise<ChangeGroup | undefined> {
    const read = this.#groups.shift();
    if (read !== undefined) return read;
    this.#moveTo(this.#readThrough);
    const { engine, tail } = this.#context;
    const published = engine.lastTimestamp;
    if (this.#cursor >= published) {
      await this.#published();
      return undefined;
    }
    const commit = tail.nextAfter(this.#cursor);
    if (commit === 'missing') {
      const window = await readChanges(engine, this.#options.range, this.#cursor, published);
      this.#groups = [...window.groups];
      this.#readThrough = window.through;
      return this.#isOver() ? undefined : this.#groups.shift();
    }
    if (commit === undefined || commit.timestamp > published) {
      this.#readThrough = published;
      return undefined;
    }
    this.#readThrough = commit.timestamp;
    const changes = changesOf(commit.batch, this.#options.range);
    return changes.length === 0 ? undefined : { timestamp: commit.timestamp, changes };
  }

  /** Ended while somebody was awaited. */
  #isOver(): boolean {
    return this.#ended;
  }

  async #published(): Promise<void> {
    let cancel: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      cancel = this.#context.tail.onPublished(resolve);
    });
    cancel?.();
    this.#wake = undefined;
  }

  #moveTo(timestamp: Timestamp): void {
    if (timestamp <= this.#cursor || this.#ended) return;
    const { registry } = this.#context;
    registry.keepSince(timestamp);
    registry.releaseSince(this.#cursor);
    this.#cursor = timestamp;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { registry, tail, open } = this.#context;
    registry.releaseSince(this.#cursor);
    tail.leave();
    open.delete(this);
    this.#options.signal?.removeEventListener('abort', this.#aborted);
    this.#options.ended?.();
    this.#groups = [];
    this.#wake?.();
  }
}

/** What a batch does to the keys of `range`: deletions of ranges, then one change per key, by key. */
function changesOf(batch: WriteBatch, range: KeyRange): KeyChange[] {
  const { lower, upper } = range;
  const clears: KeyChange[] = [];
  const changes = new Map<string, KeyChange>();
  batch.forEach((kind, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
    if (kind === EntryKind.RangeDelete) {
      const cleared = { lower: bytes.slice(keyStart, keyEnd), upper: bytes.slice(valueStart, valueEnd) };
      const { lower: key = cleared.lower, upper: value = cleared.upper } = intersectRanges(cleared, range);
      if (!rangeIsEmpty({ lower: key, upper: value })) clears.push({ kind, key, value });
      return;
    }
    if (lower !== undefined && compareByteRanges(bytes, keyStart, keyEnd, lower, 0, lower.length) < 0) return;
    if (upper !== undefined && compareByteRanges(bytes, keyStart, keyEnd, upper, 0, upper.length) >= 0) return;
    const key = bytes.slice(keyStart, keyEnd);
    changes.set(nameOf(key), { kind, key, value: bytes.slice(valueStart, valueEnd) });
  });
  return [...clears, ...inOrder(changes)];
}
