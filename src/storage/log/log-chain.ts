/**
 * The active segment of the log, and those before it that were ended without being synced. Nobody has been promised that
 * what these hold is durable; it becomes so by the flush of their memtables, which syncs a segment first if tables are to
 * point to values in it, or with the next sync, which goes from the oldest to the active one. A segment whose successor was synced
 * is thereby whole, and the successor's header says so.
 */

import type { LogFrames } from './log-frames.js';
import type { LogWriter } from './log-writer.js';

/** @param vouches see `LogWriter.create`. */
export type CreateSegment = (number: number, vouches: boolean) => LogWriter;

/**
 * So many are synced at a time: while one waits for its name to be durable, or for a processor, the device has another. Values of
 * 64 KB are overwritten at 2.34 GB/s with two, 2.00 with one, and 2.53 with four, which is all threads of the pool.
 */
const SEGMENTS_SYNCED_MAX = 2;

export class LogChain {
  readonly #create: CreateSegment;
  #active: LogWriter;
  /** Not synced, oldest first. */
  #ended: LogWriter[] = [];
  /** Of the oldest of these, until they are dropped: one for all who wait for it. */
  readonly #syncs = new Map<LogWriter, Promise<void>>();

  constructor(create: CreateSegment, active: LogWriter) {
    this.#create = create;
    this.#active = active;
  }

  /** Of the active segment. */
  get number(): number {
    return this.#active.number;
  }

  /** Of the active segment. */
  get sizeBytes(): number {
    return this.#active.sizeBytes;
  }

  write(frames: LogFrames): void {
    this.#active.write(frames);
  }

  /** Of the active segment, see `LogWriter.cutRoom`. */
  cutRoom(): boolean {
    return this.#active.cutRoom();
  }

  /** Appends the last record of the active segment. */
  writeEnd(frames: LogFrames): void {
    this.#active.writeEnd(frames);
  }

  /** Goes on in segment `number`. @param synced everything written so far is durable. */
  goOn(number: number, synced: boolean): void {
    const ended = this.#active;
    this.#active = this.#create(number, synced);
    if (synced) ended.close();
    else this.#ended.push(ended);
  }

  /** The commits of a segment that was ended are in tables, durably: nobody needs it any more. */
  drop(number: number): void {
    const at = this.#ended.findIndex((segment) => segment.number === number);
    if (at < 0) return;
    const [segment] = this.#ended.splice(at, 1);
    this.#syncs.delete(segment!);
    segment!.close();
  }

  /** Makes everything written by now durable. More may be written meanwhile. */
  async sync(): Promise<void> {
    const active = this.#active;
    // Without a wait where there is nothing to wait for.
    if (this.#ended.length > 0) await this.syncThrough(active.number);
    // A synchronous commit has ended it meanwhile: it was synced with the others, and the next segment has nothing to vouch for.
    if (this.#active !== active) return;
    active.vouch();
    await active.sync();
  }

  /** Makes the segments durable that have ended, up to `number`. */
  async syncThrough(number: number): Promise<void> {
    for (;;) {
      const [oldest, ...next] = this.#ended.slice(0, SEGMENTS_SYNCED_MAX).filter((segment) => segment.number <= number);
      if (oldest === undefined) return;
      const durable = this.#syncOf(oldest);
      for (const segment of next) void this.#syncOf(segment);
      await durable;
      this.drop(oldest.number);
    }
  }

  #syncOf(segment: LogWriter): Promise<void> {
    let sync = this.#syncs.get(segment);
    if (sync === undefined) {
      sync = segment.sync();
      // Heard of by whoever waits for this segment, be it now or later.
      sync.catch(() => undefined);
      this.#syncs.set(segment, sync);
    }
    return sync;
  }

  /** The same, waiting on this thread. */
  syncNow(): void {
    this.syncThroughNow(this.number);
    this.#active.vouch();
    this.#active.syncNow();
  }

  syncThroughNow(number: number): void {
    for (let oldest = this.#ended[0]; oldest !== undefined && oldest.number <= number; oldest = this.#ended[0]) {
      oldest.syncNow();
      this.drop(oldest.number);
    }
  }

  /** Closes every segment as it is. Idempotent. */
  close(): void {
    for (const segment of [...this.#ended, this.#active]) segment.close();
    this.#ended = [];
  }
}
