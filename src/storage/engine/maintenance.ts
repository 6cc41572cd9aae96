/**
 * Flush and compaction: two lanes, each with one job at a time. A job is made from the state of the moment, run by the
 * executor, and installed in a single step. Synchronous commits that need room bring a lane's job to its end themselves.
 */

import { assert, type KeyRange } from '../../base/index.js';
import { type CompactionJob, type FlushJob, type JobResult, NOTHING_DONE } from '../compaction/job.js';
import { type CompactionPlan, planRange } from '../compaction/compaction-plan.js';
import { pickCompaction } from '../compaction/fluid-picker.js';
import { TreeShape } from '../compaction/tree-shape.js';
import type { Timestamp } from '../entry.js';
import type { Table } from '../table/table.js';
import { type KeySpan, spanOf, type Version } from '../version/version.js';
import { FLUSHED_MAX, flushAtLeast, greatest, level0IsOverfull, memtablePressure, SEALED_MAX } from './backlog.js';
import type { Pressure } from './commit-pace.js';
import { FlushWaiters } from './flush-waiters.js';
import { type JobCounts, JobCounters } from './job-counters.js';
import {
  applyFlush,
  compactionEvent,
  compactionJob,
  dropCovered,
  flushJob,
  isRefused,
  mergeEdit,
  segmentOf,
} from './job-orders.js';
import type { MaintenanceHost } from './maintenance-host.js';
import type { SealedMemtable } from './memtable-stack.js';
import { ValueUpkeep } from './value-upkeep.js';
import { VersionSummary } from './version-summary.js';

export interface MaintenanceStats extends JobCounts {
  /** What has to be written until no level is over its size; an estimate. */
  readonly compactionDebtBytes: number;
}

interface RangeRequest {
  /** Undefined for the collection of all garbage in files of values. */
  readonly subject: KeyRange | undefined;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

interface RunningFlush {
  /** Newest first. */
  readonly sealed: readonly SealedMemtable[];
  readonly job: FlushJob;
  readonly result: Promise<JobResult | undefined>;
}

interface RunningCompaction {
  readonly plan: CompactionPlan<Table>;
  readonly job: CompactionJob;
}

export class Maintenance {
  readonly #host: MaintenanceHost;
  #flush: RunningFlush | undefined;
  #compaction: RunningCompaction | undefined;
  /** A lane clears its flag in the same step in which it finds nothing to do, so that no `start` is lost. */
  #flushLaneWorks = false;
  #compactionLaneWorks = false;
  #lanes: Promise<void>[] = [];
  #stopping = false;
  #flushesOnly = false;
  readonly #flushWaiters = new FlushWaiters();
  readonly #rangeRequests: RangeRequest[] = [];
  readonly #counters = new JobCounters();
  readonly #summary: VersionSummary;
  readonly #upkeep: ValueUpkeep;

  constructor(host: MaintenanceHost) {
    this.#host = host;
    this.#summary = new VersionSummary(host.policy);
    this.#upkeep = new ValueUpkeep({ ...host, scheduler: host.environment.scheduler, start: () => this.start() });
  }

  stats(): MaintenanceStats {
    const { debtBytes } = this.#summary.of(this.#host.versions.current).pressure;
    return { ...this.#counters.counts, compactionDebtBytes: debtBytes };
  }

  /** Whether closing the last snapshot as of `timestamp` may have freed versions in tables. */
  mayFree(timestamp: Timestamp): boolean {
    return this.#summary.mayFree(this.#host.versions.current, timestamp);
  }

  /** How near to a stop commits are. */
  pressure(): Pressure {
    const { memtables, versions, valueLog } = this.#host;
    const ofMemtables = memtablePressure(memtables.sealed.length, memtables.activeFilled);
    const ofTree = this.#summary.of(versions.current).pressure;
    return greatest(ofMemtables, ofTree, valueLog.pressure());
  }

  canSeal(): boolean {
    return this.#host.memtables.sealed.length < SEALED_MAX;
  }

  /** Values are about to be written whose space is to come back some day. */
  expectValues(): void {
    if (this.#mayBegin() && !this.#flushesOnly) this.#upkeep.start();
  }

  /** Starts what there is to do. */
  start(): void {
    if (!this.#mayBegin()) return;
    if (this.#host.valueLog.space.bytes > 0) this.expectValues();
    if (!this.#flushLaneWorks) {
      this.#flushLaneWorks = true;
      this.#track(this.#runFlushLane());
    } else if (this.#flush === undefined) {
      // While synchronous commits keep the event loop from turning, the lane cannot do this itself.
      this.#beginFlush();
    }
    if (!this.#compactionLaneWorks) {
      this.#compactionLaneWorks = true;
      this.#track(this.#runCompactionLane());
    }
  }

  /** For a close that waits for no compaction: cancels it and begins no other. Flushes go on, however full level 0 is. */
  flushesOnly(): void {
    this.#flushesOnly = true;
    this.#upkeep.stop();
    if (this.#compaction) this.#host.executor.cancel(this.#compaction.job);
    this.start();
  }

  /** Begins nothing any more and resolves when what was begun is installed, or dropped if the engine is poisoned. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#lanes);
  }

  /** Resolves when everything sealed by now is in tables. Rejects at once when nothing will be flushed any more. */
  flushed(): Promise<void> {
    if (!this.#mayBegin()) return Promise.reject(this.#host.gate.refusal());
    const newest = this.#host.memtables.sealed[0];
    if (newest === undefined) return Promise.resolve();
    const flushed = this.#flushWaiters.wait(newest);
    this.start();
    return flushed;
  }

  /** Merges what touches `range` into the deepest level it reaches; undefined: empties files of values until there is little garbage. */
  compact(range: KeyRange | undefined): Promise<void> {
    if (!this.#mayBegin()) return Promise.reject(this.#host.gate.refusal());
    return new Promise((resolve, reject) => {
      this.#rangeRequests.push({ subject: range, resolve, reject });
      this.start();
    });
  }

  /** Flushes on this thread until `canSeal`, and compacts while level 0 is overfull. */
  makeRoomNow(): void {
    while (!this.canSeal()) this.#relieveNow();
  }

  /** The same until no memtable is sealed. */
  flushAllNow(): void {
    while (this.#host.memtables.sealed.length > 0) this.#relieveNow();
  }

  /** What the compaction under way reads and writes. */
  compactionSpan(): KeySpan | undefined {
    const inputs = this.#compaction?.plan.inputs.flatMap((input) => input.tables);
    return inputs === undefined ? undefined : spanOf(inputs);
  }

  /** Refuses everybody who waits. */
  refuseAll(): void {
    this.#upkeep.stop();
    this.#flushWaiters.reject(() => this.#host.gate.refusal());
    for (const request of this.#rangeRequests.splice(0)) request.reject(this.#host.gate.refusal());
  }

  #mayBegin(): boolean {
    return !this.#stopping && !this.#host.gate.poisoned;
  }

  #track(lane: Promise<void>): void {
    const tracked = lane.finally(() => {
      this.#lanes = this.#lanes.filter((other) => other !== tracked);
    });
    this.#lanes.push(tracked);
  }

  #level0IsOverfull(): boolean {
    return level0IsOverfull(this.#host.versions.current, this.#host.policy);
  }

  /** Whether a flush would do better with the memtables that come next. */
  #flushAwaitsMore(): boolean {
    const { memtables, versions, policy } = this.#host;
    if (!this.#flushWaiters.isEmpty || memtables.valueBytes > 0) return false;
    return memtables.sealed.length < flushAtLeast(versions.current, policy);
  }

  async #runFlushLane(): Promise<void> {
    try {
      while (this.#flush !== undefined || this.#mayBegin()) {
        const flush = this.#flush ?? this.#beginFlush();
        if (flush === undefined) break;
        const result = await flush.result;
        assert(result !== undefined, 'nobody cancels a flush');
        const pointsInto = segmentOf(flush.sealed, result);
        if (pointsInto !== undefined) await this.#host.log().syncThrough(pointsInto);
        // A synchronous commit may have installed it already.
        if (this.#flush !== flush) continue;
        if (this.#host.gate.poisoned) break;
        if (!this.#installFlush(flush, result)) continue;
        await this.#host.versions.durable();
        if (!this.#host.gate.poisoned) this.#finishFlush(flush);
      }
    } catch (cause) {
      this.#host.gate.poison(cause);
    } finally {
      this.#flush = undefined;
      this.#flushLaneWorks = false;
    }
  }

  async #runCompactionLane(): Promise<void> {
    try {
      while (this.#mayBegin() && !this.#flushesOnly) {
        if (this.#dropCovered()) {
          await this.#becomeDurable();
          continue;
        }
        const request = this.#rangeRequests[0];
        const version = this.#host.versions.current;
        this.#host.valueLog.thorough = request !== undefined && request.subject === undefined;
        const range = request?.subject;
        const { first } = new TreeShape(version, this.#host.policy);
        const plan = range === undefined ? this.#pick(version) : planRange(version, range, first);
        const compaction = plan === undefined ? undefined : this.#beginCompaction(plan);
        const outcome =
          plan === undefined ? 'idle' : compaction === undefined ? 'done' : await this.#execute(compaction);
        if (outcome === 'cancelled' || (outcome === 'idle' && request === undefined)) break;
        await this.#becomeDurable();
        const isDone = request?.subject === undefined ? outcome === 'idle' : outcome !== 'refused';
        if (isDone && request !== undefined && this.#rangeRequests[0] === request) {
          this.#rangeRequests.shift();
          // What could not be given back, and why, is for whoever asked for all of it.
          const damage = request.subject === undefined ? this.#host.valueLog.damage : undefined;
          if (damage === undefined) request.resolve();
          else request.reject(damage);
        }
      }
    } catch (cause) {
      this.#host.gate.poison(cause);
    } finally {
      this.#endCompaction();
      this.#compactionLaneWorks = false;
    }
  }

  /** Has what merges installed become durable, and the files deleted that are not needed then. */
  async #becomeDurable(): Promise<void> {
    await this.#host.versions.durable();
    if (this.#host.gate.poisoned) return;
    this.#host.versions.deleteObsolete();
    this.#host.madeRoom();
  }

  /** True when tables have gone. */
  #dropCovered(): boolean {
    const event = dropCovered(this.#host);
    if (event === undefined) return false;
    this.#counters.compacted(event);
    this.#host.listener(event);
    return true;
  }

  async #execute(compaction: RunningCompaction): Promise<'done' | 'cancelled' | 'refused'> {
    const result = await this.#host.executor.run(compaction.job);
    if (result === undefined) return 'cancelled';
    if (this.#compaction !== compaction || this.#host.gate.poisoned) return 'done';
    return this.#installCompaction(compaction, result) ? 'done' : 'refused';
  }

  #relieveNow(): void {
    if (this.#level0IsOverfull()) this.#compactNow();
    else this.#flushNow();
  }

  #flushNow(): void {
    const flush = this.#flush ?? this.#orderFlush();
    const result = this.#host.executor.runNow(flush.job);
    const pointsInto = segmentOf(flush.sealed, result);
    if (pointsInto !== undefined) this.#host.log().syncThroughNow(pointsInto);
    if (!this.#installFlush(flush, result)) return;
    this.#host.versions.durableNow();
    this.#finishFlush(flush);
  }

  #compactNow(): void {
    let compaction = this.#compaction;
    if (compaction === undefined) {
      const plan = this.#pick(this.#host.versions.current);
      assert(plan !== undefined, 'an overfull level asks for a compaction');
      compaction = this.#beginCompaction(plan);
    }
    if (compaction !== undefined) this.#installCompaction(compaction, this.#host.executor.runNow(compaction.job));
    this.#host.versions.durableNow();
    this.#host.versions.deleteObsolete();
  }

  #pick(version: Version<Table>): CompactionPlan<Table> | undefined {
    const { policy, retention, valueLog } = this.#host;
    return pickCompaction(version, policy, retention.view()) ?? valueLog.plan(new TreeShape(version, policy).first);
  }

  #beginFlush(): RunningFlush | undefined {
    if (this.#host.memtables.sealed.length === 0) return undefined;
    const mayWait = !this.#flushesOnly && (this.#level0IsOverfull() || this.#flushAwaitsMore());
    return mayWait ? undefined : this.#orderFlush();
  }

  #orderFlush(): RunningFlush {
    const sealed = this.#host.memtables.sealed.slice(-FLUSHED_MAX);
    assert(sealed.length > 0, 'there is no room while a memtable is sealed');
    const job = flushJob(this.#host, sealed);
    const result = this.#host.executor.run(job);
    // The lane may come to hear of it long after a synchronous commit has.
    result.catch(() => undefined);
    this.#flush = { sealed, job, result };
    return this.#flush;
  }

  /** False when the result had to be thrown away. `finishFlush` follows, once the edit is durable. */
  #installFlush(flush: RunningFlush, result: JobResult): boolean {
    this.#flush = undefined;
    if (isRefused(this.#host, flush.job, result)) return false;
    applyFlush(this.#host, flush.sealed, result);
    this.#counters.flushed(result);
    const { tables, bytesWritten, entriesDropped } = result;
    this.#host.listener({ type: 'flush', tables: tables.length, bytesWritten, entriesDropped });
    this.#host.madeRoom();
    this.start();
    return true;
  }

  /** Nothing that was flushed is needed any more. */
  #finishFlush({ sealed }: RunningFlush): void {
    for (const { logNumber } of sealed) if (logNumber !== undefined) this.#host.log().drop(logNumber);
    this.#host.versions.deleteObsolete();
    this.#host.madeRoom();
    this.#flushWaiters.resolve(this.#host.memtables.sealed);
  }

  /** Begins the job of a plan; a plan that only moves tables is installed at once, and there is no job. */
  #beginCompaction(plan: CompactionPlan<Table>): RunningCompaction | undefined {
    if (plan.move) {
      this.#installMove(plan);
      return undefined;
    }
    const job = compactionJob(this.#host, plan);
    this.#compaction = { plan, job };
    return this.#compaction;
  }

  #endCompaction(): void {
    this.#compaction = undefined;
    this.#host.valueLog.mergeEnded();
  }

  /** False when the result had to be thrown away. */
  #installCompaction(compaction: RunningCompaction, result: JobResult): boolean {
    const { plan, job } = compaction;
    this.#endCompaction();
    if (isRefused(this.#host, job, result)) return false;
    const { versions, valueLog } = this.#host;
    const collected = valueLog.collecting(result.valueFileBytes);
    const prunedThrough = Math.max(versions.prunedThrough, result.prunedThrough);
    versions.install({ ...mergeEdit(plan, plan.inputs, result.tables), prunedThrough });
    this.#counters.compacted(result);
    const event = collected();
    if (event !== undefined) this.#host.listener(event);
    for (const damage of valueLog.leave(result.valueDamages)) this.#host.listener(damage);
    this.#finishCompaction(plan, result, false);
    return true;
  }

  #installMove(plan: CompactionPlan<Table>): void {
    const moved = plan.inputs.filter((input) => input.level !== plan.outputLevel);
    const tables = moved.flatMap((input) => input.tables);
    this.#host.versions.install(mergeEdit(plan, moved, tables));
    this.#counters.moved();
    this.#finishCompaction(plan, { ...NOTHING_DONE, tables }, true);
  }

  #finishCompaction(plan: CompactionPlan<Table>, result: Omit<JobResult, 'prunedThrough'>, moved: boolean): void {
    this.#host.listener(compactionEvent(plan, result, moved));
    this.#host.madeRoom();
    this.start();
  }
}
