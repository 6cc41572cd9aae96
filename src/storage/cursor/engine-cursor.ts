/**
 * What a reader of the engine walks: per key the newest version as of a timestamp, deletions and what has expired hidden,
 * inside a range. Starts before the first entry.
 */

import { compareByteRanges, EMPTY_BYTES, type ForwardClock, keyAfter, type KeyRange } from '../../base/index.js';
import { copyBytes, copyOut } from '../byte-copy.js';
import type { ValueReader } from '../values/value-reader.js';
import { type EntryCursor, EntryKind, expires, MAX_TIMESTAMP, type Timestamp } from '../entry.js';
import { EXPIRY_BYTES, expiryAt } from '../format/expiring-value.js';
import { pointedLength } from '../format/value-pointer.js';
import { AHEAD_VALUE_BYTES_MAX, type RequestWalk, ValueReadAhead } from './value-read-ahead.js';

export interface EngineCursor {
  /** Moves on; false at the end, after which the cursor is closed. */
  next(): boolean;
  /** The entry that the last `next` found: views that hold until the next call. */
  readonly keyBytes: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueBytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Copies that belong to the caller. */
  key(): Uint8Array;
  value(): Uint8Array;
  /** Gives back memtables and tables. Idempotent. */
  close(): void;
}

/** What a visible cursor holds on to. */
export interface CursorPins {
  /** Throws when the engine no longer answers. */
  check(): void;
  release(): void;
}

/** What a visible cursor walks over. */
export interface CursorSources {
  /** Over what they hold of `range`, and what range deletions leave of it, while the first such cursor is open. */
  open(range: KeyRange): EntryCursor;
}

/** After this many versions of one key in a row, seeking the next key is cheaper than stepping. */
const STEPS_BEFORE_SEEK = 8;

abstract class VisibleCursor implements EngineCursor {
  keyBytes: Uint8Array = EMPTY_BYTES;
  keyStart = 0;
  keyEnd = 0;
  /** The value, or the pointer to it until somebody asks. */
  protected shownBytes: Uint8Array = EMPTY_BYTES;
  protected shownStart = 0;
  protected shownEnd = 0;
  protected shownKind: EntryKind = EntryKind.Put;
  protected shownTimestamp: Timestamp = 0;

  protected readonly source: EntryCursor;
  protected readonly range: KeyRange;
  protected readonly asOf: Timestamp;
  readonly #pins: CursorPins;
  readonly #values: ValueReader;
  readonly #clock: ForwardClock;
  /** When expiry is judged; undefined until it has to be for the first time. */
  #atMs: number | undefined;
  #begun = false;
  #closed = false;
  readonly #sources: CursorSources;
  readonly #options: VisibleCursorOptions;
  /** How many values were asked for that are elsewhere. */
  #reads = 0;
  #ahead: ValueReadAhead | undefined;

  constructor(sources: CursorSources, options: VisibleCursorOptions) {
    const { range, asOf, atMs, clock, pins, values } = options;
    this.source = sources.open(range);
    this.range = range;
    this.asOf = asOf;
    this.#sources = sources;
    this.#options = options;
    this.#atMs = atMs;
    this.#clock = clock;
    this.#pins = pins;
    this.#values = values;
  }

  get valueBytes(): Uint8Array {
    if (this.shownKind === EntryKind.ValuePointer) this.#resolve();
    return this.shownBytes;
  }

  get valueStart(): number {
    if (this.shownKind === EntryKind.ValuePointer) this.#resolve();
    return this.shownStart;
  }

  get valueEnd(): number {
    if (this.shownKind === EntryKind.ValuePointer) this.#resolve();
    return this.shownEnd;
  }

  next(): boolean {
    if (this.#closed) return false;
    this.#pins.check();
    if (!this.#begun) {
      this.#begun = true;
      this.begin();
    }
    if (this.advance()) return true;
    this.close();
    return false;
  }

  key(): Uint8Array {
    return copyOut(this.keyBytes, this.keyStart, this.keyEnd);
  }

  value(): Uint8Array {
    if (this.shownKind === EntryKind.ValuePointer) return this.#read();
    return copyOut(this.shownBytes, this.shownStart, this.shownEnd);
  }

  #resolve(): void {
    this.#pins.check();
    this.shownBytes = this.#read();
    this.shownStart = 0;
    this.shownEnd = this.shownBytes.length;
    this.shownKind = EntryKind.Put;
  }

  #read(): Uint8Array {
    const { keyBytes, keyStart, keyEnd, shownTimestamp: timestamp, shownBytes: valueBytes } = this;
    const entry = { keyBytes, keyStart, keyEnd, timestamp, valueBytes };
    const isFew = this.#reads++ === 0 || pointedLength(valueBytes, this.shownStart) > AHEAD_VALUE_BYTES_MAX;
    return (isFew ? undefined : this.#readAhead()) ?? this.#values.read(entry, this.shownStart);
  }

  /** The value shown, from what was read ahead; undefined when that has lost step, as where values were passed over. */
  #readAhead(): Uint8Array | undefined {
    const ahead = (this.#ahead ??= new ValueReadAhead(this.#values, this.#walkFrom(this.key())));
    const value = ahead.take(this.shownBytes, this.shownStart);
    if (value !== undefined) return value;
    ahead.close();
    this.#ahead = undefined;
    this.#reads = 0;
    return undefined;
  }

  /** The requests of the entries from `key` on. */
  #walkFrom(key: Uint8Array): RequestWalk {
    const { reverse } = this.#options;
    const range = reverse ? { ...this.range, upper: keyAfter(key) } : { ...this.range, lower: key };
    const pins = { check: () => undefined, release: () => undefined };
    const walk: VisibleCursor = newCursor(this.#sources, { ...this.#options, range, pins });
    return {
      next: () => {
        while (walk.next()) {
          if (walk.shownKind !== EntryKind.ValuePointer) continue;
          const keyBytes = walk.key();
          const valueBytes = copyOut(walk.shownBytes, walk.shownStart, walk.shownEnd);
          return { keyBytes, keyStart: 0, keyEnd: keyBytes.length, timestamp: walk.shownTimestamp, valueBytes };
        }
        return undefined;
      },
      close: () => walk.close(),
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.keyBytes = this.shownBytes = EMPTY_BYTES;
    this.keyStart = this.keyEnd = this.shownStart = this.shownEnd = 0;
    this.shownKind = EntryKind.Put;
    this.#ahead?.close();
    this.#ahead = undefined;
    this.source.close();
    this.#pins.release();
  }

  /** Whether the value that the source stands on, which expires, has not done so at the moment of the cursor. */
  protected isPending(): boolean {
    this.#atMs ??= this.#clock.nowMs();
    return expiryAt(this.source.valueBytes, this.source.valueStart) > this.#atMs;
  }

  /** Leaves out the moment that what is shown begins with. */
  protected passExpiry(): void {
    this.shownStart += EXPIRY_BYTES;
    this.shownKind = this.shownKind === EntryKind.ExpiringPut ? EntryKind.Put : EntryKind.ValuePointer;
  }

  /** Stands the source on its first entry in the range. */
  protected abstract begin(): void;
  /** Moves to the next visible entry and shows it; false when there is none. */
  protected abstract advance(): boolean;
}

/** Ascending. The source stays on the entry that is shown, so nothing is copied. */
class AscendingCursor extends VisibleCursor {
  /** The source stands on an entry that has been dealt with. */
  #used = false;
  /** The newest visible version of the source's key has been dealt with: what still comes of that key is hidden. */
  #settled = false;

  protected override begin(): void {
    if (this.range.lower === undefined) this.source.seekToStart();
    else this.source.seek(this.range.lower, MAX_TIMESTAMP);
  }

  protected override advance(): boolean {
    const source = this.source;
    const upper = this.range.upper;
    if (this.#used) source.next();
    this.#used = false;
    for (let steps = 0; source.valid; steps++) {
      if (!source.repeats) {
        if (upper !== undefined && compareSource(source, upper) >= 0) return false;
        this.#settled = false;
        steps = 0;
      }
      if (!this.#settled && source.timestamp <= this.asOf) {
        this.#settled = true;
        const { kind } = source;
        if (kind === EntryKind.Put || kind === EntryKind.ValuePointer || (expires(kind) && this.isPending())) {
          this.#show();
          this.#used = true;
          return true;
        }
      }
      if (steps < STEPS_BEFORE_SEEK || !source.repeats) source.next();
      else this.#seekOn();
    }
    return false;
  }

  #show(): void {
    const source = this.source;
    this.keyBytes = source.keyBytes;
    this.keyStart = source.keyStart;
    this.keyEnd = source.keyEnd;
    this.shownBytes = source.valueBytes;
    this.shownStart = source.valueStart;
    this.shownEnd = source.valueEnd;
    this.shownKind = source.kind;
    this.shownTimestamp = source.timestamp;
    if (expires(source.kind)) this.passExpiry();
  }

  /** Passes the versions of the source's key that are newer than asked for, or, when it is settled, all of them. */
  #seekOn(): void {
    const { source } = this;
    source.seek(source.keyBytes.slice(source.keyStart, source.keyEnd), this.#settled ? 0 : this.asOf);
  }
}

/**
 * Descending: versions of a key come oldest first, so each candidate is copied before the source goes on to see whether a
 * newer one is visible too.
 */
class DescendingCursor extends VisibleCursor {
  #key = new Uint8Array(64);
  #value = new Uint8Array(256);

  protected override begin(): void {
    const upper = this.range.upper;
    if (upper === undefined) this.source.seekToStart();
    // Behind all versions of `upper`, which descend with it: the range excludes it.
    else this.source.seek(upper, MAX_TIMESTAMP);
  }

  protected override advance(): boolean {
    const source = this.source;
    const lower = this.range.lower;
    while (source.valid) {
      if (lower !== undefined && compareSource(source, lower) < 0) return false;
      if (this.#newestVisible()) return true;
    }
    return false;
  }

  /** Passes all versions of the source's key; true when the newest one as of the timestamp is a value, which is shown. */
  #newestVisible(): boolean {
    const source = this.source;
    const keyLength = source.keyEnd - source.keyStart;
    if (keyLength > this.#key.length) this.#key = new Uint8Array(keyLength * 2);
    const key = this.#key;
    copyBytes(key, 0, source.keyBytes, source.keyStart, source.keyEnd);
    let isPut = false;
    do {
      if (source.timestamp > this.asOf) {
        this.#passNewer(key, keyLength);
        break;
      }
      const { kind } = source;
      isPut = kind === EntryKind.Put || kind === EntryKind.ValuePointer || (expires(kind) && this.isPending());
      if (isPut) this.#copyValue();
      source.next();
    } while (source.valid && source.repeats);
    if (!isPut) return false;
    this.keyBytes = key;
    this.keyEnd = keyLength;
    this.shownBytes = this.#value;
    this.shownStart = 0;
    if (expires(this.shownKind)) this.passExpiry();
    return true;
  }

  /** Moves past the rest of the versions of a key, all of which are above `asOf`. */
  #passNewer(key: Uint8Array, keyLength: number): void {
    const source = this.source;
    for (let steps = 0; steps < STEPS_BEFORE_SEEK; steps++) {
      source.next();
      if (!source.valid || !source.repeats) return;
    }
    source.seek(key.slice(0, keyLength), MAX_TIMESTAMP);
  }

  #copyValue(): void {
    const { valueBytes, valueStart, valueEnd } = this.source;
    const length = valueEnd - valueStart;
    if (length > this.#value.length) this.#value = new Uint8Array(length * 2);
    copyBytes(this.#value, 0, valueBytes, valueStart, valueEnd);
    this.shownEnd = length;
    this.shownKind = this.source.kind;
    this.shownTimestamp = this.source.timestamp;
  }
}

function compareSource(source: EntryCursor, key: Uint8Array): number {
  return compareByteRanges(source.keyBytes, source.keyStart, source.keyEnd, key, 0, key.length);
}

/** Filled field by field: to spread another object costs half a microsecond, where ten entries from a seek take eight. */
export interface VisibleCursorOptions {
  readonly range: KeyRange;
  readonly asOf: Timestamp;
  readonly reverse: boolean;
  /** When expiry is judged. Undefined: when the cursor first meets a value that expires, by `clock`. */
  readonly atMs?: number | undefined;
  readonly clock: ForwardClock;
  readonly pins: CursorPins;
  /** Reads separated values, when somebody asks for them. */
  readonly values: ValueReader;
}

/** Over what `sources` hold now. */
export function visibleCursor(sources: CursorSources, options: VisibleCursorOptions): EngineCursor {
  return newCursor(sources, options);
}

function newCursor(sources: CursorSources, options: VisibleCursorOptions): VisibleCursor {
  return options.reverse ? new DescendingCursor(sources, options) : new AscendingCursor(sources, options);
}
