/**
 * What waits for the log, in the order it came. Hands it out in groups: as many commits as fit in the active memtable and
 * in `GROUP_BYTES`; or the sealing of that memtable, when the next commit does not fit or somebody asked for it; or a bulk
 * load by itself, once nothing is left in log or memtables.
 *
 * Bounded: what waits may hold `limits.batchBytes` together, so that a program which never waits for its writes learns of it
 * before they fill the memory.
 */

import { LimitError } from '../../base/index.js';
import { EntryKind, type Timestamp } from '../entry.js';
import type { TableMeta } from '../format/manifest-edit.js';
import { expiryBytesOf } from '../format/expiring-value.js';
import { POINTER_BYTES } from '../format/value-pointer.js';
import type { WriteBatch } from '../write-batch.js';
import type { MemtableStack } from './memtable-stack.js';

/** Is told what becomes of a commit: one of the two, once. Must not throw. */
export interface CommitOutcome {
  committed(): void;
  failed(cause: unknown): void;
}

export interface CommitRequest {
  /** Undefined for a load, a bare sync or a bare seal. */
  readonly batch: WriteBatch | undefined;
  /** Tables to link in place of a batch. */
  readonly load: readonly TableMeta[] | undefined;
  readonly timestamp: Timestamp;
  readonly durable: boolean;
  readonly seal: boolean;
  readonly outcome: CommitOutcome;
}

/** Empty requests when the memtable is sealed for the sake of a commit or load, which stays in the queue. */
export interface TakenRequests {
  readonly requests: readonly CommitRequest[];
  readonly seals: boolean;
  /** What they take in the memtable, at most. */
  readonly memtableBytes: number;
}

/** What a group is cut to. */
export interface GroupBounds {
  /** Another memtable may be sealed. */
  readonly maySeal: () => boolean;
  /** Nothing was written to the log segment since it was begun. */
  readonly logIsEmpty: boolean;
  /** Groups are written and not yet in the memtable, where they will take so many bytes. */
  readonly othersInFlight: boolean;
  readonly bytesInFlight: number;
  readonly requestsMax: number;
}

/** A group ends with the commit that takes it past this size. */
const GROUP_BYTES = 1024 * 1024;
/** What an entry takes in a memtable besides key and value, at most. */
const ENTRY_OVERHEAD_BYTES = 24;
/** What a request takes besides its operations, promises included. */
const REQUEST_BYTES = 512;
/** So much may wait however small a commit has to be. */
const WAITING_BYTES_MIN = 16 * 1024 * 1024;

export class CommitQueue {
  readonly #waitingBytesMax: number;
  readonly #valueThresholdBytes: number;
  #requests: CommitRequest[] = [];
  #waitingBytes = 0;

  /** @param batchBytesMax size of the largest commit there can be. @param valueThresholdBytes see `LogFrames`. */
  constructor(batchBytesMax: number, valueThresholdBytes: number) {
    this.#valueThresholdBytes = valueThresholdBytes;
    this.#waitingBytesMax = Math.max(batchBytesMax, WAITING_BYTES_MIN);
  }

  get length(): number {
    return this.#requests.length;
  }

  /** There must be one. */
  get first(): CommitRequest {
    return this.#requests[0]!;
  }

  /** Throws `LimitError` when as much waits as may, unless `batch` is the first. */
  checkRoom(batch: WriteBatch): void {
    const bytes = this.#waitingBytes + batch.byteSize + REQUEST_BYTES;
    if (this.#requests.length === 0 || bytes <= this.#waitingBytesMax) return;
    const max = this.#waitingBytesMax;
    throw new LimitError(
      `${this.#requests.length} commits wait for the log: with another one they would hold ${bytes} bytes, ${max} are ` +
        'allowed (limits.batchBytes). Wait for some of them first',
      { retryable: true, facts: { limit: 'limits.batchBytes', found: bytes, max, unit: 'bytes' } },
    );
  }

  push(request: CommitRequest): void {
    this.#requests.push(request);
    this.#waitingBytes += waitingBytes(request);
  }

  takeAll(): CommitRequest[] {
    const all = this.#requests;
    this.#requests = [];
    this.#waitingBytes = 0;
    return all;
  }

  /**
   * The next group of a queue that is not empty; 'no room' while it has to wait for a flush, 'not alone' while it has to wait
   * for the groups in flight.
   */
  takeGroup(memtables: MemtableStack, bounds: GroupBounds): TakenRequests | 'no room' | 'not alone' {
    const { batch, load, seal } = this.first;
    const { bytesInFlight, othersInFlight } = bounds;
    const isFull = batch !== undefined && memtables.isFullFor(bytesInFlight + this.#memtableBytes(batch));
    if (othersInFlight && (seal || isFull || load !== undefined)) return 'not alone';
    if (((seal || isFull) && memtables.active.count > 0) || (load !== undefined && !bounds.logIsEmpty)) {
      if (!bounds.maySeal()) return 'no room';
      return { requests: seal ? this.#takeFirst(1) : [], seals: true, memtableBytes: 0 };
    }
    if (load !== undefined) {
      if (memtables.sealed.length > 0) return 'no room';
      return { requests: this.#takeFirst(1), seals: false, memtableBytes: 0 };
    }
    return this.#takeCommits(memtables, bounds);
  }

  #takeCommits(memtables: MemtableStack, { bytesInFlight, requestsMax }: GroupBounds): TakenRequests {
    let groupBytes = 0;
    let memtableBytes = 0;
    let count = 0;
    for (const request of this.#requests) {
      if ((request.seal && count > 0) || request.load !== undefined || count >= requestsMax) break;
      const more = request.batch === undefined ? 0 : this.#memtableBytes(request.batch);
      const written = request.batch?.byteSize ?? 0;
      const isFull = groupBytes + written > GROUP_BYTES || memtables.isFullFor(bytesInFlight + memtableBytes + more);
      if (count > 0 && isFull) break;
      groupBytes += written;
      memtableBytes += more;
      count++;
      if (request.seal) break;
    }
    return { requests: this.#takeFirst(count), seals: false, memtableBytes };
  }

  /** What the batch takes in a memtable, at most. */
  #memtableBytes(batch: WriteBatch): number {
    const threshold = this.#valueThresholdBytes;
    let bytes = batch.byteSize + batch.count * ENTRY_OVERHEAD_BYTES;
    if (batch.valueBytesMax < threshold) return bytes;
    batch.forEach((kind, _bytes, _keyStart, _keyEnd, valueStart, valueEnd) => {
      if (kind !== EntryKind.Put && kind !== EntryKind.ExpiringPut) return;
      const valueBytes = valueEnd - valueStart - expiryBytesOf(kind);
      if (valueBytes >= threshold) bytes += POINTER_BYTES - valueBytes;
    });
    return bytes;
  }

  #takeFirst(count: number): CommitRequest[] {
    if (count === this.#requests.length) return this.takeAll();
    const taken = this.#requests.slice(0, count);
    this.#requests = this.#requests.slice(count);
    for (const request of taken) this.#waitingBytes -= waitingBytes(request);
    return taken;
  }
}

function waitingBytes({ batch }: CommitRequest): number {
  return REQUEST_BYTES + (batch?.byteSize ?? 0);
}
