/**
 * The commit pipeline: everything that writes to the log goes through this queue, in order.
 *
 *   queued → one group per scheduler turn → one write to the log → one sync, when a member wants it → memtable → published
 *   → promises resolve
 *
 * While a group waits for its sync, or for its turn when commits are slowed, the next one gathers; a large one is written
 * meanwhile, and its sync begins beside the other. Groups are published in order, each when those before it are and its own
 * sync is through. A full memtable, a `seal` request and a bulk load, which goes to the manifest instead of log and memtable
 * once all that was committed before is in tables, are groups of their own that begin when no other is in flight. Any error
 * on the way poisons the engine: all groups in flight, what is queued, and every later commit are refused. Synchronous
 * commits first bring what is under way to its end on this thread.
 */

import { pointsToValue, type Timestamp } from '../entry.js';
import { expiryBytesOf } from '../format/expiring-value.js';
import { FILE_HEADER_BYTES } from '../format/file-header.js';
import type { TableMeta } from '../format/manifest-edit.js';
import { LogChain } from '../log/log-chain.js';
import type { LogFrames } from '../log/log-frames.js';
import type { LogWriter } from '../log/log-writer.js';
import type { BatchVisitor, WriteBatch } from '../write-batch.js';
import { type CommitOutcome, type CommitRequest, CommitQueue } from './commit-queue.js';
import type { Durability } from './engine-options.js';
import { type Group, GroupsInFlight } from './groups-in-flight.js';
import type { PipelineHost } from './pipeline-host.js';
import { SyncSchedule } from './sync-schedule.js';

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
  readonly #log: LogChain;
  readonly #queue: CommitQueue;
  readonly #inFlight: GroupsInFlight;
  readonly #schedule: SyncSchedule;
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
    this.#inFlight = new GroupsInFlight(host.separation, host.clock);
    this.#queue = new CommitQueue(host.batchBytesMax, host.separation.thresholdBytes);
    // A failure has poisoned the engine, which tells the listener and whoever commits next.
    this.#schedule = new SyncSchedule(host.walSync, host.scheduler, () => void this.sync().catch(() => undefined));
    this.#log = new LogChain((number, vouches) => host.createLog(number, vouches), log);
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
    while (!this.#inFlight.isEmpty || this.#queue.length > 0) {
      this.#attempt(() => {
        if (this.#inFlight.isEmpty && this.#begin(Number.POSITIVE_INFINITY) === undefined) this.#makeRoomNow();
        if (this.#inFlight.waits) {
          this.#log.syncNow();
          this.#syncs++;
        }
        while (!this.#inFlight.isEmpty) this.#complete(this.#inFlight.first!);
      });
    }
  }

  /** Goes on after the host has made room. */
  resume(): void {
    if (this.#cancelDelay !== undefined && this.#host.pace.isRelieved) this.#endDelay();
    if (this.#mayBegin() || this.#inFlight.first?.isReady === true) this.#planTurn();
  }

  /** Refuses everything that waits; called once the gate is poisoned or closed. */
  refuseAll(): void {
    const inFlight = this.#inFlight.takeAll().flatMap(({ requests }) => requests);
    const waiting = [...inFlight, ...this.#queue.takeAll()];
    this.#schedule.stop();
    this.#endDelay();
    for (const { outcome } of waiting) outcome.failed(this.#host.gate.refusal());
  }

  /** Ends the segment in order and closes it; the queue is empty and the gate open. */
  async finish(): Promise<void> {
    this.#schedule.stop();
    // The end will say that nothing is behind it, which must be so whatever a crash keeps of it.
    if (this.#log.cutRoom()) await this.#log.sync();
    this.#writeSegmentEnd(this.#inFlight.takeFrames(), 0);
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
    if (!this.#turnPlanned && this.#mayBegin()) this.#planTurn();
  }

  #mayBegin(): boolean {
    const waiting = this.#queue.length;
    return waiting > 0 && this.#cancelDelay === undefined && this.#inFlight.mayBegin(waiting);
  }

  #planTurn(): void {
    if (this.#turnPlanned) return;
    this.#turnPlanned = true;
    this.#host.scheduler.nextTurn(() => {
      this.#turnPlanned = false;
      this.#turn();
    });
  }

  /** Begins before it publishes, so that the device has something to do meanwhile. */
  #turn(): void {
    while (this.#mayBegin() && this.#attempt(() => this.#delays()) === false) {
      const group = this.#attempt(() => this.#beginPaced());
      if (group?.durable !== true) break;
      this.#log.sync().then(
        () => this.#synced(group),
        (cause: unknown) => this.#host.gate.poison(cause),
      );
    }
    this.#publishFirst();
  }

  /** One group to a turn: whoever waited for it may commit anew before the next is published. */
  #publishFirst(): void {
    const group = this.#inFlight.first;
    if (group?.isReady !== true) return;
    this.#inFlight.publishing();
    this.#attempt(() => this.#complete(group));
    this.resume();
  }

  #beginPaced(): Group | undefined {
    const { pace } = this.#host;
    const group = this.#begin(
      this.#queue.first.durable ? this.#inFlight.shareOf(this.#queue.length) : Number.POSITIVE_INFINITY,
    );
    if (group === undefined) {
      if (!this.#inFlight.isEmpty) return undefined;
      // A load waits for memtables to be flushed because it must, not because they are full.
      if (this.#queue.first.load === undefined) pace.stops();
      // A failure has poisoned the engine, which refuses the load.
      else this.#host.maintenance.flushed().catch(() => undefined);
      return undefined;
    }
    pace.goesOn();
    pace.charge(group.frames.byteLength);
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
    // A synchronous commit may have published the group before, or a fault may have ended everything.
    this.#syncs++;
    group.isReady = true;
    if (!this.#turnPlanned) this.#publishFirst();
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

  /** Takes the next group from the queue and writes it; undefined when it has to wait. */
  #begin(requestsMax: number): Group | undefined {
    const inFlight = this.#inFlight;
    const taken = this.#queue.takeGroup(this.#host.memtables, {
      maySeal: () => this.#host.maintenance.canSeal(),
      logIsEmpty: this.#log.sizeBytes === FILE_HEADER_BYTES,
      othersInFlight: !inFlight.isEmpty,
      bytesInFlight: inFlight.memtableBytes,
      requestsMax,
    });
    if (typeof taken === 'string') return undefined;
    const { requests, seals, memtableBytes } = taken;
    const asked = requests.some((request) => request.durable);
    const unsynced = inFlight.unsyncedRequests + requests.length;
    const durable = asked || (seals ? this.#sealsDurably() : this.#schedule.isDueWith(unsynced));
    const successor = seals ? this.#host.allocateFileNumber() : undefined;
    const frames = inFlight.takeFrames();
    const group = { requests, durable, successor, memtableBytes, frames, isReady: !durable };
    // In flight from here to the end of `#complete`, so that a fault in between finds whom to refuse.
    inFlight.add(group);
    this.#groups++;
    if (successor === undefined) this.#write(group);
    else this.#writeSegmentEnd(frames, successor);
    return group;
  }

  /**
   * Whether a segment is synced before its successor begins. Where nobody was promised as much, it need not be: its commits
   * become durable by their flush.
   */
  #sealsDurably(): boolean {
    return !this.#schedule.hasUnsynced;
  }

  #write({ requests, frames }: Group): void {
    for (const { batch, timestamp } of requests) {
      if (batch !== undefined) frames.addBatch(timestamp, batch, this.#host.timeOf(timestamp));
    }
    if (frames.byteLength === 0) return;
    this.#logBytes += frames.byteLength;
    this.#host.memtables.addValueBytes(frames.valueBytes);
    this.#log.write(frames);
  }

  #writeSegmentEnd(frames: LogFrames, successor: number): void {
    frames.addEnd(this.#lastTimestamp, successor);
    this.#logBytes += frames.byteLength;
    this.#log.writeEnd(frames);
  }

  /** Applies and publishes a group that is as durable as it needs to be. */
  #complete(group: Group): void {
    if (group.durable) this.#schedule.synced();
    if (group.successor !== undefined) this.#changeSegment(group.successor, group.durable);
    else {
      const commits = group.frames.forEach(this.#begins, this.#visit);
      this.#commits += commits;
      this.#userBytes += group.frames.rawValueBytes;
      if (!group.durable) this.#schedule.published(commits);
      for (const { load, timestamp } of group.requests) {
        if (load === undefined) continue;
        this.#link(load, timestamp);
        this.#applied = timestamp;
        this.#commits++;
      }
    }
    this.#lastTimestamp = this.#applied;
    this.#inFlight.removeFirst();
    for (const { outcome } of group.requests) outcome.committed();
  }

  #link(tables: readonly TableMeta[], timestamp: Timestamp): void {
    this.#host.link(tables, timestamp);
    for (const table of tables) this.#userBytes += table.rawBytes;
  }

  #makeRoomNow(): void {
    if (this.#queue.first.load !== undefined) {
      this.#host.maintenance.flushAllNow();
      return;
    }
    this.#host.pace.stops();
    this.#host.maintenance.makeRoomNow();
    this.#host.pace.goesOn();
  }

  #changeSegment(successor: number, synced: boolean): void {
    const ended = this.#log.number;
    const holdsValues = this.#host.memtables.activeValueBytes > 0;
    this.#log.goOn(successor, synced);
    // Its flush will need that.
    if (!synced && holdsValues) this.#log.syncThrough(ended).catch((cause: unknown) => this.#host.gate.poison(cause));
    this.#host.memtables.seal(ended, this.#lastTimestamp);
    this.#host.maintenance.start();
  }
}
