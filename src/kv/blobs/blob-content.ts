/**
 * The content of one blob, or a range of it, as it was when it was asked for. Read once, in any of the forms below; while it
 * is read the versions it needs are kept. Memory is bounded by one chunk.
 */

import { Readable } from 'node:stream';
import { CorruptionError, InvalidArgumentError, LimitError, utf8Decode } from '../../base/index.js';
import type { ReadView } from '../../mvcc/index.js';
import type { Environment } from '../../vfs/index.js';
import { type BlobContentPlace, type BlobInfo, chunkKey } from './blob-record.js';

/** A part of a blob. What lies beyond its end is left out. */
export interface ByteRange {
  /** First byte. Default 0. */
  readonly offset?: number;
  /** Number of bytes. Default: up to the end. */
  readonly length?: number;
}

/** A state in which to read a blob, held until `release`. */
export interface BlobView {
  readonly environment: Environment;
  /** Where the record was found. */
  readonly view: ReadView;
  /** The newest state, which has what a transaction uploaded after its snapshot; elsewhere the same as `view`. */
  readonly latest: ReadView;
  release(): void;
}

/** `bytes()` and `text()` put the content into one buffer; Node 20 cannot make larger ones. */
const BUFFER_BYTES_MAX = 2 ** 32;

export class BlobContent implements AsyncIterable<Uint8Array>, Disposable {
  readonly info: BlobInfo;
  /** First byte of the blob that is read. */
  readonly offset: number;
  /** How many bytes are read. */
  readonly length: number;
  readonly #place: BlobContentPlace;
  readonly #source: BlobView;
  #state: 'unread' | 'reading' | 'closed' = 'unread';

  /** Made by `blobs.get`. */
  constructor(info: BlobInfo, place: BlobContentPlace, range: ByteRange, source: BlobView) {
    this.info = info;
    this.#place = place;
    this.#source = source;
    this.offset = Math.min(count('offset', range.offset ?? 0), place.size);
    this.length = Math.min(count('length', range.length ?? place.size), place.size - this.offset);
  }

  /**
   * The bytes, in pieces that are the caller's. Lets the event loop have a turn after each. Ending the loop early closes the
   * content. Throws `InvalidArgumentError` when it was read before.
   */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const pieces = this.#pieces();
    const leave = pieces.return.bind(pieces);
    // A generator that was never asked for anything ends without its `finally`.
    return Object.assign(pieces, {
      return: (value: void | PromiseLike<void>) => {
        this.close();
        return leave(value);
      },
    });
  }

  async *#pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    this.#start();
    try {
      const { chunkBytes } = this.#place;
      const end = this.offset + this.length;
      for (let at = this.offset; at < end; ) {
        const number = Math.floor(at / chunkBytes);
        const chunkStart = number * chunkBytes;
        const chunk = this.#chunk(number);
        yield chunk.subarray(at - chunkStart, Math.min(chunk.length, end - chunkStart));
        at = chunkStart + chunkBytes;
        await new Promise<void>((resolve) => this.#source.environment.scheduler.nextTurn(resolve));
      }
    } finally {
      this.close();
    }
  }

  /** Everything in one buffer. Throws `LimitError` when no buffer can be that large. */
  async bytes(): Promise<Uint8Array> {
    if (this.length > BUFFER_BYTES_MAX) {
      throw new LimitError(`${this.length} bytes do not fit into one buffer: read the blob piece by piece`, {
        facts: { limit: 'buffer', max: BUFFER_BYTES_MAX, found: this.length },
      });
    }
    const whole = new Uint8Array(this.length);
    let filled = 0;
    for await (const piece of this) {
      whole.set(piece, filled);
      filled += piece.length;
    }
    return whole;
  }

  /** The content as UTF-8. */
  async text(): Promise<string> {
    return utf8Decode(await this.bytes());
  }

  /** The content for `pipe` and `pipeline`; destroying the stream closes the content. */
  stream(): Readable {
    const stream = Readable.from(this, { objectMode: false, highWaterMark: this.#place.chunkBytes });
    // Also when it is destroyed before anything was read.
    return stream.once('close', () => this.close());
  }

  /** Gives back what reading needs. Reading to the end does too. Idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#source.release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #start(): void {
    if (this.#state !== 'unread') {
      throw new InvalidArgumentError(
        `the content of a blob is read once and this one is ${this.#state}: get it again`,
        {
          facts: { state: this.#state },
        },
      );
    }
    this.#state = 'reading';
  }

  #chunk(number: number): Uint8Array {
    const { id, size, chunkBytes } = this.#place;
    const expected = Math.min(chunkBytes, size - number * chunkBytes);
    const key = chunkKey(id, number);
    // A content never changes, so any state that has the chunk will do. The newest first: what a transaction looks for in
    // vain in its snapshot it depends on.
    const chunk = this.#source.latest.get(key) ?? this.#source.view.get(key);
    if (chunk?.length === expected) return chunk;
    throw CorruptionError.at('content of a blob', number * chunkBytes, {
      expected: `${expected} bytes in chunk ${number}`,
      found: chunk === undefined ? 'no such chunk' : `${chunk.length} bytes`,
    });
  }
}

function count(option: string, found: number): number {
  if (Number.isSafeInteger(found) && found >= 0) return found;
  throw new InvalidArgumentError(`${option} of a byte range must be a non-negative integer, found ${found}`, {
    facts: { option, found },
  });
}
