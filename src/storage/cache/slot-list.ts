/** Doubly linked lists of slots, oldest to newest, on typed arrays. Lists whose slots never overlap may share the links. */

const NONE = -1;

/** Memory for the neighbours of each of `capacity` slots. */
export class SlotLinks {
  readonly newer: Int32Array;
  readonly older: Int32Array;

  constructor(capacity: number) {
    this.newer = new Int32Array(capacity);
    this.older = new Int32Array(capacity);
  }
}

export class SlotList {
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  #newest = NONE;
  #oldest = NONE;
  #size = 0;

  constructor(links: SlotLinks) {
    this.#newer = links.newer;
    this.#older = links.older;
  }

  get size(): number {
    return this.#size;
  }

  /** −1 when the list is empty. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Adds a slot that is in no list. */
  push(slot: number): void {
    this.#newer[slot] = NONE;
    this.#older[slot] = this.#newest;
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#newer[this.#newest] = slot;
    this.#newest = slot;
    this.#size++;
  }

  /** Takes out a slot that is in this list. */
  remove(slot: number): void {
    const newer = this.#newer[slot]!;
    const older = this.#older[slot]!;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
    this.#size--;
  }

  /** Makes a slot of this list its newest. */
  renew(slot: number): void {
    if (slot === this.#newest) return;
    this.remove(slot);
    this.push(slot);
  }
}
