/**
 * Copying between byte arrays. `subarray` + `set` costs about 50 ns before the first byte moves, a loop 1 ns per byte;
 * typed arrays over 64 bytes cost about 250 ns to allocate one by one, carved from a pool 50 ns (Node 20).
 */

const LOOP_BYTES_MAX = 40;
const POOL_BYTES = 8192;
/** Larger copies get memory of their own, so that keeping one does not keep much else. */
const POOLED_BYTES_MAX = 1024;

/** Copies `source[start, end)` to `target` from `at` on. The ranges must not overlap. */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array, start: number, end: number): void {
  if (end - start > LOOP_BYTES_MAX) {
    target.set(start === 0 && end === source.length ? source : source.subarray(start, end), at);
    return;
  }
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!;
}

let pool = new ArrayBuffer(POOL_BYTES);
let poolAt = 0;

/** A copy of `source[start, end)` that belongs to the caller. Several copies may share one `ArrayBuffer`. */
export function copyOut(source: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start;
  if (length > POOLED_BYTES_MAX) return source.slice(start, end);
  if (poolAt + length > POOL_BYTES) {
    pool = new ArrayBuffer(POOL_BYTES);
    poolAt = 0;
  }
  const copy = new Uint8Array(pool, poolAt, length);
  poolAt += (length + 7) & ~7;
  copyBytes(copy, 0, source, start, end);
  return copy;
}
