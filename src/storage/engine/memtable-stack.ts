/** The memtables of an engine: the active one with its log segment, and the sealed ones that wait for their flush. */

import type { Timestamp } from '../entry.js';
import { Memtable, MemtableMemories } from '../memtable/index.js';

/** Takes no more entries. */
export interface SealedMemtable {
  readonly memtable: Memtable;
  /** The segment its entries came from; undefined when it was filled by a replay. */
  readonly logNumber: number | undefined;
  /** Every commit up to it is in this memtable or in older ones and tables. */
  readonly lastTimestamp: Timestamp;
  /** Bytes in the log that it has pointers to; of a replayed one, not counted. */
  readonly valueBytes?: number;
}

export interface ValuesOfMemtable {
  /** How much a memtable may point to. */
  bytesMax(): number;
  /** Told when the active memtable is about to point to its first value. */
  begin(): void;
}

export class MemtableStack {
  readonly #memtableBytes: number;
  readonly #memories: MemtableMemories;
  readonly #values: ValuesOfMemtable;
  #active: Memtable;
  /** Bytes in its log segment that it has pointers to. */
  #activeValueBytes = 0;
  /** Newest first. Replaced, never changed, as readers walk it. */
  #sealed: readonly SealedMemtable[];

  /** @param sealed newest first. */
  constructor(memtableBytes: number, values: ValuesOfMemtable, sealed: readonly SealedMemtable[]) {
    this.#values = values;
    this.#memtableBytes = memtableBytes;
    this.#memories = new MemtableMemories(memtableBytes);
    this.#active = this.#fresh();
    this.#sealed = sealed;
  }

  get active(): Memtable {
    return this.#active;
  }

  get sealed(): readonly SealedMemtable[] {
    return this.#sealed;
  }

  /** Newest first. */
  all(): Memtable[] {
    return [this.#active, ...this.#sealed.map(({ memtable }) => memtable)];
  }

  /** True when entries of about `bytes` more would outgrow the active memtable, or it points to enough. */
  isFullFor(bytes: number): boolean {
    if (this.#active.byteSize + bytes > this.#memtableBytes) return true;
    return this.#activeValueBytes > 0 && this.#activeValueBytes >= this.#values.bytesMax();
  }

  /** How full the active memtable is; 1 when it has to be sealed. */
  get activeFilled(): number {
    return Math.max(this.#active.byteSize / this.#memtableBytes, this.#activeValueBytes / this.#values.bytesMax());
  }

  get activeValueBytes(): number {
    return this.#activeValueBytes;
  }

  /** Of all memtables together. */
  get valueBytes(): number {
    let bytes = this.#activeValueBytes;
    for (const sealed of this.#sealed) bytes += sealed.valueBytes ?? 0;
    return bytes;
  }

  /** Takes note of values that were written to the log for the active memtable. */
  addValueBytes(bytes: number): void {
    if (bytes > 0 && this.#activeValueBytes === 0) this.#values.begin();
    this.#activeValueBytes += bytes;
  }

  /** Seals the active memtable and goes on with an empty one. */
  seal(logNumber: number, lastTimestamp: Timestamp): void {
    const sealed = { memtable: this.#active, logNumber, lastTimestamp, valueBytes: this.#activeValueBytes };
    this.#sealed = [sealed, ...this.#sealed];
    this.#active = this.#fresh();
    this.#activeValueBytes = 0;
  }

  /** Forgets sealed memtables whose entries are in a table, and that no job reads any more. */
  drop(flushed: readonly SealedMemtable[]): void {
    const inUse = this.#sealed.length;
    this.#sealed = this.#sealed.filter((one) => !flushed.includes(one));
    const memories = flushed.map(({ memtable }) => memtable.takeMemory()).filter((one) => one !== undefined);
    this.#memories.give(memories, inUse);
  }

  #fresh(): Memtable {
    return new Memtable({ initialBytes: this.#memtableBytes, shared: true, memory: this.#memories.take() });
  }
}
