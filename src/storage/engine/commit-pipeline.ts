/**
 * The commit pipeline: everything that writes to the log goes through this queue, in order.
 *
 *   queued → one group per scheduler turn → one write to the log → one sync, when a member wants it → memtable → published
 *   → promises resolve
 *
 * While a group waits for its sync, or for its turn when commits are slowed, the next one gathers. A full memtable, a
 * `seal` or a `sync` request is a group of its own, and so is a bulk load, which goes to the manifest instead of log and
 * memtable, once all that was committed before is in tables. Any error on the way poisons the engine: the group, what is
 * queued, and every later commit are refused. Synchronous commits first bring what is under way to its end on this thread.
 */

import { pointsToValue, type Timestamp } from '../entry.js';
import { expiryBytesOf } from '../format/expiring-value.js';
import { FILE_HEADER_BYTES } from '../format/file-header.js';
import type { TableMeta } from '../format/manifest-edit.js';
import { LogFrames } from '../log/log-frames.js';
import { LogChain } from '../log/log-chain.js';
import type { LogWriter } from '../log/log-writer.js';
import type { BatchVisitor, WriteBatch } from '../write-batch.js';
import { type CommitOutcome, type CommitRequest, CommitQueue } from './commit-queue.js';
import type { Durability } from './engine-options.js';
import type { PipelineHost } from './pipeline-host.js';
import { SyncSchedule } from './sync-schedule.js';

interface Group {
  readonly requests: readonly CommitRequest[];
  readonly durable: boolean;
  /** Number of the segment that follows; undefined when this group does not seal. */
  readonly successor: number | undefined;
}

export interface PipelineStats {
  readonly commits: number;
  readonly groups: number;
  readonly syncs: number;
  readonly logBytes: number;
  /** Keys and values committed. */
  readonly userBytes: number;
}

export class CommitPipeline {
  readonly #host: PipelineHost;
  readonly #frames: LogFrames;
  readonly #log: LogChain;
  readonly #queue: CommitQueue;
  readonly #schedule: SyncSchedule;
  #inFlight: Group | undefined;
  #turnPlanned = false;
  #lastTimestamp: Timestamp;
  #commits = 0;
  #groups = 0;
  #syncs = 0;
  #logBytes = 0;
  #userBytes = 0;
  #cancelDelay: (() => void) | undefined;
  /** Of the batch that `#visit` applies or was the last to be applied. */
  #applied: Timestamp;
  readonly #begins = (timestamp: Timestamp): void => {
    this.#applied = timestamp;
  };
  readonly #visit: BatchVisitor = (kind, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
    // What a pointer stands for is added by the group.
    const valueBytes = pointsToValue(kind) ? 0 : valueEnd - valueStart - expiryBytesOf(kind);
    this.#userBytes += keyEnd - keyStart + valueBytes;
    this.#host.memtables.active.addRanges(this.#applied, kind, bytes, keyStart, keyEnd, valueStart, valueEnd);
  };

  /** @param log the active segment. @param lastTimestamp newest commit recovered. */
  constructor(host: PipelineHost, log: LogWriter, lastTimestamp: Timestamp) {
    this.#host = host;
    this.#frames = new LogFrames(host.separation);
    this.#queue = new CommitQueue(host.batchBytesMax, host.separation.thresholdBytes);
    // A failure has poisoned the engine, which tells the listener and whoever commits next.
    this.#schedule = new SyncSchedule(host.walSync, host.scheduler, () => void this.sync().catch(() => undefined));
    this.#log = new LogChain((number, vouches) => this.#createLog(number, vouches), log);
    this.#lastTimestamp = this.#applied = lastTimestamp;
  }

  /** Newest commit that is readable. */
  get lastTimestamp(): Timestamp {
    return this.#lastTimestamp;
  }

  get log(): LogChain {
    return this.#log;
  }

  /** Throws `LimitError` when the queue is full. */
  checkRoom(batch: WriteBatch): void {
    this.#queue.checkRoom(batch);
  }

  commit(batch: WriteBatch, timestamp: Timestamp, durability: Durability | undefined, outcome: CommitOutcome): void {
    const durable = this.#isDurable(durability);
    this.#enqueue({ batch, load: undefined, timestamp, durable, seal: false, outcome });
  }

  /** Resolves when `tables` are linked. They are durable, and so is then everything queued before. */
  link(tables: readonly TableMeta[], timestamp: Timestamp): Promise<void> {
    return this.#request({ load: tables, timestamp, durable: false, seal: false });
  }

  /** Resolves when everything queued before is durable. */
  sync(): Promise<void> {
    return this.#request({ load: undefined, timestamp: 0, durable: true, seal: false });
  }

  /** Resolves when the memtable that holds everything queued before is sealed; at once when that is empty. */
  seal(): Promise<void> {
    return this.#request({ load: undefined, timestamp: 0, durable: true, seal: true });
  }

  commitSync(batch: WriteBatch, timestamp: Timestamp, durability: Durability | undefined): void {
    let failure: { readonly cause: unknown } | undefined;
    this.#queue.push({
      batch,
      load: undefined,
      timestamp,
      durable: this.#isDurable(durability),
      seal: false,
      outcome: {
        committed: () => undefined,
        failed: (cause) => {
          failure = { cause };
        },
      },
    });
    this.drainNow();
    if (failure !== undefined) throw failure.cause;
  }

  /** Brings everything under way to its end on this thread. After a fault the queue is empty and the gate says so. */
  drainNow(): void {
    this.#endDelay();
    while (this.#inFlight !== undefined || this.#queue.length > 0) {
      this.#attempt(() => {
        let group = this.#inFlight;
        if (group === undefined) {
          group = this.#begin();
          if (group === undefined) {
            this.#makeRoomNow();
            return;
          }
        }
        if (group.durable) this.#log.syncNow();
        this.#complete(group);
      });
    }
  }

  /** Goes on after the host has made room. */
  resume(): void {
    if (this.#cancelDelay !== undefined && this.#host.pace.isRelieved) this.#endDelay();
    if (this.#queue.length > 0) this.#planTurn();
  }

  /** Refuses everything that waits; called once the gate is poisoned or closed. */
  refuseAll(): void {
    const waiting = [...(this.#inFlight?.requests ?? []), ...this.#queue.takeAll()];
    this.#inFlight = undefined;
    this.#schedule.stop();
    this.#endDelay();
    for (const { outcome } of waiting) outcome.failed(this.#host.gate.refusal());
  }

  /** Ends the segment in order and closes it; the queue is empty and the gate open. */
  async finish(): Promise<void> {
    this.#schedule.stop();
    this.#writeSegmentEnd(0);
    await this.#log.sync();
    this.#syncs++;
    this.#log.close();
  }

  /** Closes the segment as it is. */
  abandon(): void {
    this.#schedule.stop();
    this.#endDelay();
    this.#log.close();
  }

  stats(): PipelineStats {
    return {
      commits: this.#commits,
      groups: this.#groups,
      syncs: this.#syncs,
      logBytes: this.#logBytes,
      userBytes: this.#userBytes,
    };
  }

  #isDurable(durability: Durability | undefined): boolean {
    return durability === undefined ? this.#host.walSync === 'commit' : durability === 'commit';
  }

  /** Anything but a batch. */
  #request(request: Omit<CommitRequest, 'batch' | 'outcome'>): Promise<void> {
    const { load, timestamp, durable, seal } = request;
    return new Promise((resolve, reject) => {
      const outcome = { committed: resolve, failed: reject };
      this.#enqueue({ batch: undefined, load, timestamp, durable, seal, outcome });
    });
  }

  #enqueue(request: CommitRequest): void {
    this.#queue.push(request);
    if (!this.#turnPlanned && this.#inFlight === undefined) this.#planTurn();
  }

  #planTurn(): void {
    if (this.#turnPlanned || this.#cancelDelay !== undefined) return;
    this.#turnPlanned = true;
    this.#host.scheduler.nextTurn(() => {
      this.#turnPlanned = false;
      this.#turn();
    });
  }

  #turn(): void {
    if (this.#inFlight !== undefined || this.#queue.length === 0) return;
    if (this.#attempt(() => this.#delays()) !== false) return;
    const group = this.#attempt(() => this.#beginPaced());
    if (group === undefined) return;
    if (!group.durable) {
      this.#attempt(() => this.#complete(group));
      this.resume();
      return;
    }
    this.#log.sync().then(
      () => this.#synced(group),
      (cause: unknown) => this.#host.gate.poison(cause),
    );
  }

  #beginPaced(): Group | undefined {
    const { pace } = this.#host;
    const group = this.#begin();
    if (group === undefined) {
      // A load waits for memtables to be flushed because it must, not because they are full.
      if (this.#queue.first.load === undefined) pace.stops();
      return undefined;
    }
    pace.goesOn();
    pace.charge(this.#frames.byteLength);
    return group;
  }

  /** True when the next group has to wait a while, and is going to have its turn then. */
  #delays(): boolean {
    if (this.#queue.first.batch === undefined) return false;
    const delayMs = this.#host.pace.beginDelay();
    if (delayMs === 0) return false;
    const goOn = (): void => {
      this.#endDelay();
      this.#turn();
    };
    this.#cancelDelay = this.#host.scheduler.after(delayMs, goOn, { keepAlive: true });
    return true;
  }

  #endDelay(): void {
    if (this.#cancelDelay === undefined) return;
    this.#cancelDelay();
    this.#cancelDelay = undefined;
    this.#host.pace.delayed();
  }

  #synced(group: Group): void {
    // A synchronous commit may have brought the group to its end, or a fault may have ended everything.
    if (this.#inFlight !== group) return;
    this.#attempt(() => this.#complete(group));
    this.resume();
  }

  /** Runs a step of the pipeline; an error poisons the engine, which empties the pipeline. */
  #attempt<T>(step: () => T): T | undefined {
    try {
      return step();
    } catch (cause) {
      this.#host.gate.poison(cause);
      return undefined;
    }
  }

  /** Takes the next group from the queue and writes it; undefined when it has to wait for room. */
  #begin(): Group | undefined {
    const log = { maySeal: this.#host.canSeal, isEmpty: this.#log.sizeBytes === FILE_HEADER_BYTES };
    const taken = this.#queue.takeGroup(this.#host.memtables, log);
    if (taken === undefined) return undefined;
    const { requests, seals } = taken;
    const asked = requests.some((request) => request.durable);
    const durable = asked || (seals ? this.#sealsDurably() : this.#schedule.isDueWith(requests.length));
    const group = { requests, durable, successor: seals ? this.#host.allocateFileNumber() : undefined };
    // In flight from here to the end of `#complete`, so that a fault in between finds whom to refuse.
    this.#inFlight = group;
    this.#groups++;
    if (group.successor !== undefined) {
      this.#writeSegmentEnd(group.successor);
      return group;
    }
    this.#frames.reset();
    for (const { batch, timestamp } of requests) {
      if (batch !== undefined) this.#frames.addBatch(timestamp, batch, this.#host.timeOf(timestamp));
    }
    this.#write();
    return group;
  }

  /**
   * Whether a segment is synced before its successor begins. Where nobody was promised as much, it need not be: its commits
   * become durable by their flush.
   */
  #sealsDurably(): boolean {
    return !this.#schedule.hasUnsynced;
  }

  #write(): void {
    if (this.#frames.byteLength === 0) return;
    this.#logBytes += this.#frames.byteLength;
    this.#host.memtables.addValueBytes(this.#frames.valueBytes);
    this.#log.write(this.#frames);
  }

  #writeSegmentEnd(successor: number): void {
    this.#frames.reset();
    this.#frames.addEnd(this.#lastTimestamp, successor);
    this.#logBytes += this.#frames.byteLength;
    this.#log.writeEnd(this.#frames);
  }

  /** Applies and publishes a group that is as durable as it needs to be. */
  #complete(group: Group): void {
    if (group.durable) {
      this.#syncs++;
      this.#schedule.synced();
    }
    if (group.successor !== undefined) this.#changeSegment(group.successor, group.durable);
    else {
      const commits = this.#frames.forEach(this.#begins, this.#visit);
      this.#commits += commits;
      this.#userBytes += this.#frames.rawValueBytes;
      if (!group.durable) this.#schedule.published(commits);
      for (const { load, timestamp } of group.requests) {
        if (load === undefined) continue;
        this.#link(load, timestamp);
        this.#applied = timestamp;
        this.#commits++;
      }
    }
    this.#lastTimestamp = this.#applied;
    this.#inFlight = undefined;
    for (const { outcome } of group.requests) outcome.committed();
  }

  #link(tables: readonly TableMeta[], timestamp: Timestamp): void {
    this.#host.link(tables, timestamp);
    for (const table of tables) this.#userBytes += table.rawBytes;
  }

  #makeRoomNow(): void {
    if (this.#queue.first.load !== undefined) {
      this.#host.flushAllNow();
      return;
    }
    this.#host.pace.stops();
    this.#host.makeRoomNow();
    this.#host.pace.goesOn();
  }

  #createLog(number: number, vouches: boolean): LogWriter {
    return this.#host.createLog(number, { vouches, holdsValues: this.#host.memtables.isFullOfValues });
  }

  #changeSegment(successor: number, synced: boolean): void {
    const ended = this.#log.number;
    const holdsValues = this.#host.memtables.activeValueBytes > 0;
    this.#log.goOn(successor, synced);
    // Its flush will need that.
    if (!synced && holdsValues) this.#log.syncThrough(ended).catch((cause: unknown) => this.#host.gate.poison(cause));
    this.#host.memtables.seal(ended, this.#lastTimestamp);
    this.#host.sealed();
  }
}
