/**
 * The handles of one log segment. Syncs may overlap, each on a handle that no other sync uses: a system tells every open
 * handle that writing the file has failed, but each only once, so that of two syncs of the same handle one may succeed
 * although what it stands for is lost.
 */

import { assert, IoError } from '../../base/index.js';
import type { File } from '../../vfs/index.js';

/** The device gets no more at a time: with three it does less, see docs/adr/0024-groups-overlap.md. */
const SYNCS_MAX = 2;

interface Sync {
  readonly handle: File;
  readonly done: Promise<void>;
}

export class SyncHandles {
  readonly #open: () => File;
  /** What is written goes through the first. The others are opened when they are needed. */
  #handles: File[];
  #underWay: Sync[] = [];
  /** What stopped a sync: the next one might succeed although what this one stands for is lost. */
  #failure: { readonly cause: unknown } | undefined;
  #closed = false;

  /** @param open opens the file of `file` once more. */
  constructor(file: File, open: () => File) {
    this.#handles = [file];
    this.#open = open;
  }

  /** The one to write and read through. */
  get file(): File {
    return this.#handles[0]!;
  }

  /** How many syncs are under way, those apart that `startOver` has left behind. */
  get syncs(): number {
    return this.#underWay.length;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether another sync may begin; otherwise it waits for `oneEnds`. Throws when there is no handle for it and none to wait for. */
  mayBegin(): boolean {
    if (this.#underWay.length === SYNCS_MAX) return false;
    if (this.#handles.some((handle) => this.#isIdle(handle))) return true;
    try {
      this.#handles.push(this.#open());
      return true;
    } catch (cause) {
      // Out of descriptors, say: the handle of the sync under way will do.
      if (cause instanceof IoError && this.#underWay.length > 0) return false;
      throw cause;
    }
  }

  /** Resolves when the oldest sync under way is through; rejects when it fails. */
  async oneEnds(): Promise<void> {
    await this.#underWay[0]?.done;
  }

  /** Makes durable what has been written by now, where `mayBegin`. Resolves with whether the handle still counts. */
  async sync(): Promise<boolean> {
    const handle = this.#handles.find((one) => this.#isIdle(one));
    assert(handle !== undefined, 'a sync waits until it may begin');
    const done = handle.sync();
    const sync = { handle, done };
    this.#underWay.push(sync);
    try {
      await done;
    } catch (cause) {
      // In the step in which it is not under way any more.
      if (this.#handles.includes(handle)) this.#failure ??= { cause };
      throw cause;
    } finally {
      this.#ended(sync);
    }
    return !this.#closed && this.#handles.includes(handle);
  }

  /** Throws what has stopped a sync. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.cause;
  }

  /** Goes on with `file` alone. Syncs under way end on their own; who waits for them is told. */
  startOver(file: File): void {
    const old = this.#handles;
    const busy = this.#underWay;
    this.#handles = [file];
    this.#underWay = [];
    for (const handle of old) if (!busy.some((sync) => sync.handle === handle)) handle.close();
  }

  /** Idempotent. A handle that is being synced is closed right after. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const handle of this.#handles) if (this.#isIdle(handle)) handle.close();
  }

  #ended(sync: Sync): void {
    const at = this.#underWay.indexOf(sync);
    if (at >= 0) this.#underWay.splice(at, 1);
    if (at < 0 || this.#closed) sync.handle.close();
  }

  #isIdle(handle: File): boolean {
    return this.#underWay.every((sync) => sync.handle !== handle);
  }
}
