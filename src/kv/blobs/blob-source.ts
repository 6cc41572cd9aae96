/** Where the bytes of a new blob come from: whatever yields them, cut anew into chunks of one size. */

import { InvalidArgumentError, kindOf } from '../../base/index.js';

/** Bytes, or anything that yields them piece by piece: streams of Node and of the web, generators, arrays of buffers. */
export type BlobSource = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Generators and streams that a blob was made from: they yield their bytes once. */
const claimed = new WeakSet<object>();

/**
 * Throws `InvalidArgumentError` for what yields no bytes, or has yielded them to another blob: the body of a transaction that
 * is run again would store an empty one.
 */
export function claimSource(source: unknown): void {
  if (source instanceof Uint8Array) return;
  if (typeof source !== 'object' || source === null || !(Symbol.asyncIterator in source || Symbol.iterator in source)) {
    throw new InvalidArgumentError(
      `the content of a blob must be a Uint8Array or yield them, as streams do; found ${kindOf(source)}`,
      { facts: { expected: 'Uint8Array or iterable', found: kindOf(source) } },
    );
  }
  if (Array.isArray(source)) return;
  if (claimed.has(source) && yieldsOnce(source)) {
    throw new InvalidArgumentError(
      'the content of a blob comes from a stream that was read before: make a new one each time the transaction is run',
    );
  }
  claimed.add(source);
}

/** Streams of Node and of the web, and generators, which are their own iterators. */
function yieldsOnce(source: object): boolean {
  return 'next' in source || 'pipe' in source || 'getReader' in source;
}

/**
 * Calls `take` with chunks of exactly `chunkBytes`, the last one possibly shorter, and awaits it each time: a slow writer
 * slows the source down. The chunk is a view, overwritten after `take` has resolved. Ends the source when `take` or the
 * signal ends the work; a source that never yields again does not keep the signal waiting.
 */
export async function readInChunks(
  source: BlobSource,
  chunkBytes: number,
  signal: AbortSignal | undefined,
  take: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const chunk = new Uint8Array(chunkBytes);
  let filled = 0;
  await forEachPiece(source, signal, async (piece) => {
    for (let at = 0; at < piece.length; ) {
      const taken = Math.min(piece.length - at, chunkBytes - filled);
      chunk.set(piece.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < chunkBytes) continue;
      signal?.throwIfAborted();
      await take(chunk);
      filled = 0;
    }
  });
  if (filled > 0) await take(chunk.subarray(0, filled));
}

async function forEachPiece(
  source: BlobSource,
  signal: AbortSignal | undefined,
  visit: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  if (source instanceof Uint8Array) return visit(source);
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const aborted = abortion(signal);
  let ended = false;
  try {
    for (let number = 1; ; number++) {
      const step = await Promise.race([iterator.next(), aborted.promise]);
      if (step.done === true) {
        ended = true;
        return;
      }
      await visit(requireBytes(step.value, number));
    }
  } finally {
    aborted.stop();
    // Not awaited: a source that is stuck in `next` would never answer, and what it says no longer matters.
    if (!ended) Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

/** A promise that only ever rejects, with the signal's reason. */
function abortion(signal: AbortSignal | undefined): { readonly promise: Promise<never>; stop(): void } {
  let stop = (): void => undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    if (signal === undefined) return;
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    stop = () => signal.removeEventListener('abort', abort);
  });
  // Nobody may be racing when it rejects; whoever races next still learns of it.
  promise.catch(() => undefined);
  return { promise, stop: () => stop() };
}

function requireBytes(piece: unknown, number: number): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  throw new InvalidArgumentError(
    `piece ${number} of the content of a blob must be a Uint8Array, found ${kindOf(piece)}`,
    {
      facts: { piece: number, expected: 'Uint8Array', found: kindOf(piece) },
    },
  );
}
