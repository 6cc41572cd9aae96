/**
 * Feeds a bulk load from an iterable: encodes entry by entry, gives the event loop a turn every few milliseconds, waits
 * while the load has more to write than memory to keep it in, and stops when it is told to.
 */

import { checkOptionNames, ClosedError, InvalidArgumentError, kindOf, LimitError } from '../base/index.js';
import type { BulkLoad, Timestamp } from '../storage/index.js';
import type { KeyspaceSource } from './keyspace.js';

export interface BulkLoadOptions {
  /**
   * Memory for entries that are being collected, sorted and written, in bytes; a single entry may exceed it. More means
   * fewer temporary files for input that is not sorted. 4 KiB to 16 GiB. Default: 64 MiB.
   */
  readonly memoryBytes?: number | undefined;
  /** Ends the load with the signal's reason, unless it is being committed by then. */
  readonly signal?: AbortSignal | undefined;
  /** Called whenever a part of the input has been handed to the writer, and when all of it has. */
  readonly onProgress?: ((progress: BulkLoadProgress) => void) | undefined;
}

export interface BulkLoadProgress {
  /** Taken from the input so far. */
  readonly entries: number;
  /** Of their stored keys and values. */
  readonly bytes: number;
}

export interface BulkLoadReport {
  /** Keys stored. */
  readonly entries: number;
  /** Entries of the input that a later one with the same key replaced. */
  readonly duplicates: number;
  /** Table files that became part of the database, and their size. */
  readonly tables: number;
  readonly bytes: number;
  /** Of the commit; that of the newest commit when there was nothing to load. */
  readonly timestamp: Timestamp;
  readonly tookMs: number;
}

/** Where loads are begun and committed. */
export interface LoadDesk extends KeyspaceSource {
  beginLoad(memoryBytes: number): Promise<BulkLoad>;
  commitLoad(load: BulkLoad): Promise<Timestamp>;
}

/** The stored forms of what a load is given. */
export interface EntryEncoder<Key, Value> {
  /** A view that holds until the next key of any keyspace. */
  key(key: Key): Uint8Array;
  value(value: Value): Uint8Array;
}

const OPTION_NAMES: readonly (keyof BulkLoadOptions)[] = ['memoryBytes', 'signal', 'onProgress'];
const MEMORY_BYTES_DEFAULT = 64 * 1024 * 1024;
const MEMORY_BYTES_MIN = 4 * 1024;
const MEMORY_BYTES_MAX = 16 * 1024 ** 3;
/** How long the event loop is kept waiting, in milliseconds, and after how many entries the clock is looked at. */
const TURN_MS = 5;
const ENTRIES_PER_LOOK = 16;

export class BulkLoadRun<Key, Value> {
  readonly #desk: LoadDesk;
  readonly #encoder: EntryEncoder<Key, Value>;
  readonly #memoryBytes: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: ((progress: BulkLoadProgress) => void) | undefined;
  #load!: BulkLoad;
  #entries = 0;
  #bytes = 0;
  #partIsFull = false;
  #unlooked = 0;
  #turnEndsMs = 0;
  /** Set once the load must not go on. */
  #interruption: { readonly reason: unknown } | undefined;
  /** Of whoever waits for something that may take its time. */
  #rejectWait: ((reason: unknown) => void) | undefined;

  /** Throws `InvalidArgumentError` for bad options, and the reason of a signal that has fired. */
  constructor(desk: LoadDesk, options: BulkLoadOptions, encoder: EntryEncoder<Key, Value>) {
    checkLoadOptions(options);
    const { memoryBytes = MEMORY_BYTES_DEFAULT, signal, onProgress } = options;
    signal?.throwIfAborted();
    this.#desk = desk;
    this.#encoder = encoder;
    this.#memoryBytes = memoryBytes;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  async run(entries: Iterable<readonly [Key, Value]> | AsyncIterable<readonly [Key, Value]>): Promise<BulkLoadReport> {
    const source = iterableOf(entries);
    const { clock } = this.#desk.environment;
    const startMs = clock.monotonicMs();
    this.#turnEndsMs = startMs + TURN_MS;
    this.#load = await this.#desk.beginLoad(this.#memoryBytes);
    const abort = (): void => this.#interrupt(this.#signal?.reason);
    this.#signal?.addEventListener('abort', abort);
    this.#load.onAbandon(() => this.#interrupt(new ClosedError('the database is closed')));
    try {
      if ('sync' in source) await this.#drainSync(source.sync);
      else await this.#drainAsync(source.async);
      const committed = this.#entries === 0 ? undefined : await this.#commit();
      const { timestamp } = this.#desk.view();
      return {
        entries: 0,
        duplicates: 0,
        tables: 0,
        bytes: 0,
        timestamp,
        ...committed,
        tookMs: clock.monotonicMs() - startMs,
      };
    } finally {
      this.#signal?.removeEventListener('abort', abort);
      // Of a load that was committed nothing is left to abandon.
      await this.#load.abandon();
    }
  }

  async #drainSync(entries: Iterable<readonly [Key, Value]>): Promise<void> {
    for (const entry of entries) {
      this.#add(entry);
      if (this.#mustPause()) await this.#pause();
    }
  }

  async #drainAsync(entries: AsyncIterable<readonly [Key, Value]>): Promise<void> {
    const iterator = entries[Symbol.asyncIterator]();
    let ended = false;
    try {
      for (;;) {
        const step = await this.#orInterrupted(Promise.resolve(iterator.next()));
        if (step.done === true) {
          ended = true;
          return;
        }
        this.#add(step.value);
        if (this.#mustPause()) await this.#pause();
      }
    } finally {
      // Not awaited, as it may wait for the entry that the source will never come up with; its errors come too late.
      if (!ended) void giveUp(iterator);
    }
  }

  #add(entry: readonly [Key, Value]): void {
    const number = ++this.#entries;
    if (!Array.isArray(entry) || entry.length !== 2) {
      const found = Array.isArray(entry) ? `an array of ${entry.length}` : kindOf(entry);
      throw new InvalidArgumentError(`entry ${number} of a bulk load must be a pair [key, value], found ${found}`, {
        facts: { entry: number, expected: '[key, value]', found },
      });
    }
    try {
      // The value first: the key is a view.
      const value = this.#encoder.value(entry[1]);
      const key = this.#encoder.key(entry[0]);
      this.#bytes += key.length + value.length;
      this.#partIsFull = this.#load.add(key, value);
    } catch (error) {
      throw atEntry(number, error);
    }
  }

  #mustPause(): boolean {
    if (this.#partIsFull) return true;
    if (++this.#unlooked < ENTRIES_PER_LOOK) return false;
    this.#unlooked = 0;
    return this.#desk.environment.clock.monotonicMs() >= this.#turnEndsMs;
  }

  async #pause(): Promise<void> {
    const { clock, scheduler } = this.#desk.environment;
    if (this.#partIsFull) {
      this.#partIsFull = false;
      await this.#orInterrupted(this.#load.writeOut());
      this.#tellProgress();
    }
    await new Promise<void>((resolve) => scheduler.nextTurn(resolve));
    if (this.#interruption !== undefined) throw this.#interruption.reason;
    this.#turnEndsMs = clock.monotonicMs() + TURN_MS;
  }

  async #commit(): Promise<Omit<BulkLoadReport, 'tookMs'>> {
    const load = this.#load;
    await this.#orInterrupted(load.finish());
    this.#tellProgress();
    const { tables, duplicates } = load;
    const timestamp = await this.#desk.commitLoad(load);
    const bytes = tables.reduce((sum, table) => sum + table.sizeBytes, 0);
    return { entries: this.#entries - duplicates, duplicates, tables: tables.length, bytes, timestamp };
  }

  #tellProgress(): void {
    this.#onProgress?.({ entries: this.#entries, bytes: this.#bytes });
  }

  #interrupt(reason: unknown): void {
    this.#interruption ??= { reason };
    this.#rejectWait?.(this.#interruption.reason);
  }

  /** What `promise` comes to, unless the load is interrupted first. */
  async #orInterrupted<T>(promise: Promise<T>): Promise<T> {
    const interrupted = new Promise<never>((_, reject) => {
      this.#rejectWait = reject;
    });
    if (this.#interruption !== undefined) this.#rejectWait?.(this.#interruption.reason);
    try {
      return await Promise.race([promise, interrupted]);
    } finally {
      this.#rejectWait = undefined;
    }
  }
}

async function giveUp(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The load has failed for another reason, which its caller is told.
  }
}

function checkLoadOptions(options: BulkLoadOptions): void {
  checkOptionNames('options of a bulk load', options, OPTION_NAMES);
  const { memoryBytes, signal, onProgress } = options;
  const refuse = (option: string, expected: string, found: unknown): InvalidArgumentError =>
    new InvalidArgumentError(`${option} of a bulk load must be ${expected}, found ${String(found)}`, {
      facts: { option, expected, found },
    });
  if (memoryBytes !== undefined) {
    const isInRange = memoryBytes >= MEMORY_BYTES_MIN && memoryBytes <= MEMORY_BYTES_MAX;
    const expected = `an integer from ${MEMORY_BYTES_MIN} to ${MEMORY_BYTES_MAX}`;
    if (!Number.isSafeInteger(memoryBytes) || !isInRange) throw refuse('memoryBytes', expected, memoryBytes);
  }
  if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.throwIfAborted !== 'function') {
    throw refuse('signal', 'an AbortSignal', signal);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw refuse('onProgress', 'a function', onProgress);
}

function iterableOf<Entry>(
  entries: Iterable<Entry> | AsyncIterable<Entry>,
): { readonly sync: Iterable<Entry> } | { readonly async: AsyncIterable<Entry> } {
  if (typeof entries === 'object' && entries !== null) {
    if (Symbol.asyncIterator in entries) return { async: entries };
    if (Symbol.iterator in entries) return { sync: entries };
  }
  throw new InvalidArgumentError(`the entries of a bulk load must be iterable, found ${kindOf(entries)}`, {
    facts: { expected: 'an iterable of [key, value]', found: kindOf(entries) },
  });
}

/** The same error, saying which entry it is about. */
function atEntry(entry: number, error: unknown): unknown {
  if (!(error instanceof InvalidArgumentError || error instanceof LimitError)) return error;
  const { message, facts, sqlState } = error;
  const options = { cause: error, facts: { ...facts, entry }, ...(sqlState === undefined ? {} : { sqlState }) };
  const explained = `entry ${entry} of a bulk load: ${message}`;
  return error instanceof LimitError
    ? new LimitError(explained, options)
    : new InvalidArgumentError(explained, options);
}
