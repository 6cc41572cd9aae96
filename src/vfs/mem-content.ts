/**
 * Bytes of a file in memory: growable, amortised, read and written at any position. Everything behind the size is kept
 * zero, so that growing needs no clearing. Chunks keep large files from being copied when they grow.
 */

const CHUNK_BYTES = 64 * 1024;
const FIRST_CHUNK_BYTES_MIN = 512;

export class MemContent {
  /** All full-sized, except that a lone first chunk starts small and doubles. */
  readonly #chunks: Uint8Array[] = [];
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Fills `target` from `position` on; returns the bytes there are. */
  read(target: Uint8Array, position: number): number {
    const end = Math.min(this.#sizeBytes, position + target.length);
    let at = position;
    while (at < end) {
      const from = at % CHUNK_BYTES;
      const count = Math.min(end - at, CHUNK_BYTES - from);
      target.set(this.#chunks[(at - from) / CHUNK_BYTES]!.subarray(from, from + count), at - position);
      at += count;
    }
    return Math.max(0, end - position);
  }

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    if (end > this.#sizeBytes) this.#growTo(end);
    let at = position;
    while (at < end) {
      const from = at % CHUNK_BYTES;
      const count = Math.min(end - at, CHUNK_BYTES - from);
      this.#chunks[(at - from) / CHUNK_BYTES]!.set(bytes.subarray(at - position, at - position + count), from);
      at += count;
    }
  }

  /** Cuts, or grows with zeros. */
  truncate(sizeBytes: number): void {
    if (sizeBytes > this.#sizeBytes) {
      this.#growTo(sizeBytes);
      return;
    }
    this.#chunks.length = Math.ceil(sizeBytes / CHUNK_BYTES);
    const from = sizeBytes % CHUNK_BYTES;
    if (from > 0) this.#chunks[this.#chunks.length - 1]!.fill(0, from);
    this.#sizeBytes = sizeBytes;
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.#sizeBytes);
    this.read(bytes, 0);
    return bytes;
  }

  clone(): MemContent {
    const copy = new MemContent();
    for (const chunk of this.#chunks) copy.#chunks.push(chunk.slice());
    copy.#sizeBytes = this.#sizeBytes;
    return copy;
  }

  #growTo(sizeBytes: number): void {
    const first = this.#chunks[0];
    const firstBytes = Math.min(sizeBytes, CHUNK_BYTES);
    if (first === undefined) {
      this.#chunks.push(new Uint8Array(Math.max(firstBytes, FIRST_CHUNK_BYTES_MIN)));
    } else if (first.length < firstBytes) {
      const larger = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(firstBytes, first.length * 2)));
      larger.set(first);
      this.#chunks[0] = larger;
    }
    while (this.#chunks.length * CHUNK_BYTES < sizeBytes) this.#chunks.push(new Uint8Array(CHUNK_BYTES));
    this.#sizeBytes = sizeBytes;
  }
}
