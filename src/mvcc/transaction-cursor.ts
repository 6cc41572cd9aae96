/**
 * A transaction's view of a range: the snapshot with the write buffer laid over it, in either direction. Knows the
 * interval that was really consumed, so that a scan that stops early conflicts only with what it saw.
 */

import { compareByteRanges, EMPTY_BYTES, type KeyRange, keyAfter } from '../base/index.js';
import {
  type EngineCursor,
  type EntryCursor,
  expires,
  expiryBytesOf,
  isDeletion,
  MAX_TIMESTAMP,
} from '../storage/index.js';
import type { RangeCursor } from './views.js';

/** Who opened the cursor. */
export interface CursorOwner {
  /** Called once, at the end; the bytes of the cursor's position are still there. */
  cursorClosing(cursor: TransactionCursor): void;
  /** Throws what a cursor of this owner throws once the owner has ended. */
  assertOpen(): void;
}

type ShownValue = Pick<EntryCursor, 'valueBytes' | 'valueStart' | 'valueEnd'>;

const NOTHING: ShownValue = { valueBytes: EMPTY_BYTES, valueStart: 0, valueEnd: 0 };

export class TransactionCursor implements RangeCursor {
  keyBytes: Uint8Array = EMPTY_BYTES;
  keyStart = 0;
  keyEnd = 0;

  readonly #owner: CursorOwner;
  readonly #committed: EngineCursor;
  readonly #written: EntryCursor | undefined;
  readonly #range: KeyRange;
  readonly #direction: 1 | -1;
  #closed = false;
  /** The position, if any, was handed out. */
  #started = false;
  #exhausted = false;
  /** What the next step has to move before it compares. */
  #committedIsUsed = true;
  #writtenIsUsed = false;
  #committedIsValid = true;
  /** Where the position's value is: asked for it only when somebody asks, as the value may have to be read. */
  #shown: ShownValue = NOTHING;

  /** `range` must not change later. `written` is one entry per key in the cursor's direction, undefined for none. */
  constructor(
    owner: CursorOwner,
    sources: { committed: EngineCursor; written: EntryCursor | undefined },
    range: KeyRange,
    reverse: boolean,
  ) {
    this.#owner = owner;
    this.#committed = sources.committed;
    this.#written = sources.written;
    this.#range = range;
    this.#direction = reverse ? -1 : 1;
    const from = reverse ? range.upper : range.lower;
    if (from === undefined) this.#written?.seekToStart();
    else this.#written?.seek(from, MAX_TIMESTAMP);
  }

  get valueBytes(): Uint8Array {
    return this.#shown.valueBytes;
  }

  get valueStart(): number {
    return this.#shown.valueStart;
  }

  get valueEnd(): number {
    return this.#shown.valueEnd;
  }

  next(): boolean {
    if (this.#closed) {
      this.#owner.assertOpen();
      return false;
    }
    const found = this.#written === undefined ? this.#stepCommitted() : this.#stepMerged(this.#written);
    if (found) {
      this.#started = true;
    } else {
      this.#exhausted = true;
      this.close();
    }
    return found;
  }

  key(): Uint8Array {
    return this.keyBytes.slice(this.keyStart, this.keyEnd);
  }

  value(): Uint8Array {
    return this.valueBytes.slice(this.valueStart, this.valueEnd);
  }

  /** The interval whose content the caller knows by now; undefined before the first step. */
  consumed(): KeyRange | undefined {
    if (this.#exhausted) return this.#range;
    if (!this.#started) return undefined;
    const key = this.key();
    return this.#direction > 0
      ? { lower: this.#range.lower, upper: keyAfter(key) }
      : { lower: key, upper: this.#range.upper };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#owner.cursorClosing(this);
    this.keyBytes = EMPTY_BYTES;
    this.keyStart = this.keyEnd = 0;
    this.#shown = NOTHING;
    this.#written?.close();
    this.#committed.close();
  }

  #stepCommitted(): boolean {
    if (!this.#committed.next()) return false;
    this.#standOnCommitted();
    return true;
  }

  #stepMerged(written: EntryCursor): boolean {
    if (this.#writtenIsUsed) written.next();
    this.#writtenIsUsed = false;
    for (;;) {
      if (this.#committedIsUsed && this.#committedIsValid) this.#committedIsValid = this.#committed.next();
      this.#committedIsUsed = false;
      const writtenIsValid = written.valid && this.#isInRange(written);
      if (!writtenIsValid && !this.#committedIsValid) return false;
      const order = !writtenIsValid ? -1 : !this.#committedIsValid ? 1 : this.#compareSources(written);
      if (order < 0) {
        this.#standOnCommitted();
        this.#committedIsUsed = true;
        return true;
      }
      // A written key hides the committed one of the same name.
      if (order === 0) this.#committedIsUsed = true;
      if (!isDeletion(written.kind)) {
        this.#standOnWritten(written);
        this.#writtenIsUsed = true;
        return true;
      }
      written.next();
    }
  }

  /** Negative when the committed key comes first in the cursor's direction. */
  #compareSources(written: EntryCursor): number {
    const committed = this.#committed;
    const order = compareByteRanges(
      committed.keyBytes,
      committed.keyStart,
      committed.keyEnd,
      written.keyBytes,
      written.keyStart,
      written.keyEnd,
    );
    return order * this.#direction;
  }

  #isInRange(written: EntryCursor): boolean {
    const bound = this.#direction > 0 ? this.#range.upper : this.#range.lower;
    if (bound === undefined) return true;
    const order = compareByteRanges(written.keyBytes, written.keyStart, written.keyEnd, bound, 0, bound.length);
    return this.#direction > 0 ? order < 0 : order >= 0;
  }

  #standOnCommitted(): void {
    const committed = this.#committed;
    this.keyBytes = committed.keyBytes;
    this.keyStart = committed.keyStart;
    this.keyEnd = committed.keyEnd;
    this.#shown = committed;
  }

  #standOnWritten(written: EntryCursor): void {
    this.keyBytes = written.keyBytes;
    this.keyStart = written.keyStart;
    this.keyEnd = written.keyEnd;
    this.#shown = expires(written.kind) ? withoutExpiry(written) : written;
  }
}

function withoutExpiry({ kind, valueBytes, valueStart, valueEnd }: EntryCursor): ShownValue {
  return { valueBytes, valueStart: valueStart + expiryBytesOf(kind), valueEnd };
}
