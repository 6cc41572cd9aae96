/**
 * Arenas and hash tables of memtables that are in tables by now, for the next ones to use: a fresh arena costs a page fault
 * per page when it is filled, and a hash that grows from nothing copies itself several times. Measured together with syncing
 * the log ahead, a million entries of 116 bytes (2 cores, Node 20.20): 475 MB resident at the end instead of 600.
 */

export interface MemtableMemory {
  readonly arena: SharedArrayBuffer;
  /** All free. */
  readonly slots: Uint32Array;
}

/** One for the memtable that comes, one for a second that is flushed meanwhile. */
const KEPT_MIN = 2;
/** By how much fewer are kept after each flush that leaves some unused: memory that is let go is to be the exception. */
const KEPT_DECAY = 1 / 32;

export class MemtableMemories {
  readonly #arenaBytes: number;
  readonly #free: MemtableMemory[] = [];
  #kept = KEPT_MIN;

  constructor(arenaBytes: number) {
    this.#arenaBytes = arenaBytes;
  }

  take(): MemtableMemory | undefined {
    return this.#free.pop();
  }

  /**
   * Nobody else may refer to them. An arena that one large commit has made grow is left to the garbage collector.
   *
   * @param inUse memtables there were. As many may soon be wanted again, and the memory of a shared arena that is let go comes
   * back late: it does not make the collector run.
   */
  give(memories: readonly MemtableMemory[], inUse: number): void {
    for (const memory of memories) if (memory.arena.byteLength === this.#arenaBytes) this.#free.push(memory);
    this.#kept = Math.max(KEPT_MIN, inUse, this.#kept - KEPT_DECAY);
    this.#free.length = Math.min(this.#free.length, Math.ceil(this.#kept));
  }
}
