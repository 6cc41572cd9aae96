/**
 * Runs jobs in one worker thread, which starts with the first job (22 ms) and keeps the process alive only while a job is
 * under way. A sealed memtable is read from its shared arena, everything else is sent as a copy. Small jobs, such as the
 * flush of a short-lived database at its close, are not worth the trip and run on this thread.
 *
 * Measured (2 cores shared with others, Node 20.20, 2M random writes of 116 bytes in batches of 100, log not synced):
 * 315–420 thousand writes/s and an event loop late by 8–16 ms at the 99.9th percentile, against 130–175 thousand and
 * 33–90 ms inline; with no core left for either thread, the worker is of no use.
 *
 * `runNow` takes a job back that the worker has not begun, and otherwise blocks this thread until the worker is through
 * with it: doing the work twice would cost more, and begun jobs have used their file numbers.
 *
 * The end of the worker, whatever the reason, is the end of the executor: every job under way and every later one fails with
 * a `ClosedError` whose cause is the error that the worker died of, as far as it is known.
 */

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { assert, ClosedError } from '../../base/index.js';
import { blockTransit, type BlockTransit, unloadBlocks } from './block-transit.js';
import { decodeError } from './error-record.js';
import { discardBlocks } from './job-execution.js';
import { type ExecutorEnvironment, type ExecutorOptions, InlineExecutor } from './inline-executor.js';
import {
  type BlocksMessage,
  Claim,
  type JobAnswer,
  type JobRequest,
  Pulse,
  PULSE_BYTES,
  type WorkerStart,
} from './job-message.js';
import type { SharedEntries } from '../memtable/index.js';
import { referencedBytes } from '../values/segment-references.js';
import type { Job, JobExecutor, JobResult } from './job.js';

/** Compiled: a thread cannot start from TypeScript. A bundle has it as a second entry. */
const WORKER_ENTRY = new URL('./job-worker.js', import.meta.url);

/** Below this much input a job takes a few milliseconds. */
const SMALL_JOB_BYTES = 256 * 1024;
/**
 * As how much input values count that a job only has pointers to: where there are many, so are such jobs, and each is a
 * pause of as long as its syncs take.
 */
const POINTED_PART = 1 / 16;

/**
 * How long `runNow` waits for a sign of life. A worker that dies tells, unless it is terminated or out of memory; while
 * this thread is blocked only its silence shows that. Longer than the sync of any table on a disk that works.
 */
const SILENCE_MAX_MS = 120_000;

/** What the worker owes an answer to. */
interface Pending {
  /** Undefined for a removal. */
  readonly job: Job | undefined;
  readonly resolve: (result: JobResult | undefined) => void;
  readonly reject: (cause: unknown) => void;
}

interface SentJob {
  readonly id: number;
  readonly claim: Int32Array;
}

type Outcome = { readonly result: JobResult | undefined } | { readonly error: unknown };

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly pulse: Int32Array;
}

class WorkerExecutor implements JobExecutor {
  readonly #here: InlineExecutor;
  readonly #options: ExecutorOptions;
  readonly #pending = new Map<number, Pending>();
  /** Those of the pending ones that are jobs. */
  readonly #sent = new Map<Job, SentJob>();
  /** Of jobs that have ended: whoever waits on this thread may not have come to hear of it by their promise. */
  readonly #outcomes = new WeakMap<Job, Outcome>();
  #thread: Thread | undefined;
  #transit: BlockTransit | undefined;
  #lastId = 0;
  #workerError: unknown;
  /** Set once nothing can be run any more. */
  #end: ClosedError | undefined;

  constructor(environment: ExecutorEnvironment, options: ExecutorOptions) {
    this.#here = new InlineExecutor(environment, options);
    this.#options = options;
  }

  run(job: Job): Promise<JobResult | undefined> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    if (inputBytes(job) < SMALL_JOB_BYTES) return this.#here.run(job);
    const claim = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    // A sink cannot be sent; what it is to take comes back.
    const plain = { ...shareable(job), blocks: undefined };
    const transit = job.blocks === undefined ? undefined : (this.#transit ??= blockTransit());
    this.#thread ??= this.#start();
    return this.#ask((id) => {
      this.#sent.set(job, { id, claim });
      return { type: 'run', id, job: plain, claim, transit };
    }, job);
  }

  runNow(job: Job): JobResult {
    const sent = this.#sent.get(job);
    const ended = this.#outcomes.get(job);
    if (sent === undefined && ended === undefined) return this.#here.runNow(job);
    const outcome = ended ?? this.#endNow(job, sent!);
    if ('error' in outcome) throw outcome.error;
    assert(outcome.result !== undefined, 'nobody waits for a job that was cancelled');
    return outcome.result;
  }

  #endNow(job: Job, sent: SentJob): Outcome {
    const outcome = withdraw(sent) ? this.#executeHere(job) : this.#waitFor(sent);
    this.#settle(sent.id, outcome);
    return outcome;
  }

  cancel(job: Job): void {
    const sent = this.#sent.get(job);
    if (sent === undefined) this.#here.cancel(job);
    else if (withdraw(sent)) this.#settle(sent.id, { result: undefined });
    else this.#tell({ type: 'cancel', id: sent.id });
  }

  async remove(paths: readonly string[]): Promise<void> {
    if (this.#end !== undefined) throw this.#end;
    if (this.#thread === undefined) await this.#here.remove(paths);
    else await this.#ask((id) => ({ type: 'remove', id, paths }), undefined);
  }

  async close(): Promise<void> {
    this.#endWith(new ClosedError('the background thread was ended'));
    await this.#here.close();
    await this.#thread?.worker.terminate();
  }

  #ask(requestOf: (id: number) => JobRequest, job: Job | undefined): Promise<JobResult | undefined> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#tell(requestOf(id));
      if (this.#pending.size === 0) this.#thread?.worker.ref();
      this.#pending.set(id, { job, resolve, reject });
    });
  }

  #tell(request: JobRequest): void {
    this.#thread?.port.postMessage(request);
  }

  #start(): Thread {
    const { port1, port2 } = new MessageChannel();
    const pulse = new Int32Array(new SharedArrayBuffer(PULSE_BYTES));
    const start: WorkerStart = { port: port2, pulse, bytesPerSecond: this.#options.bytesPerSecond };
    // Flags of the host process, such as loaders and debuggers, are not for this thread.
    const worker = new Worker(WORKER_ENTRY, { name: 'varve', workerData: start, transferList: [port2], execArgv: [] });
    worker.unref();
    worker.on('error', (error) => {
      this.#workerError = error;
    });
    worker.on('exit', (exitCode) => this.#died(port1, exitCode));
    port1.on('message', (message: JobAnswer | BlocksMessage) => {
      if (message.type === 'blocks') this.#unload(message);
      else this.#settle(message.id, outcomeOf(message));
    });
    port1.unref();
    return { worker, port: port1, pulse };
  }

  #executeHere(job: Job): Outcome {
    try {
      return { result: this.#here.runNow(job) };
    } catch (error) {
      return { error };
    }
  }

  /** Blocks until the worker is through with a job; settles the others that end in the meantime. */
  #waitFor({ id }: SentJob): Outcome {
    const { port, pulse } = this.#thread!;
    this.#tell({ type: 'hurry', id });
    for (;;) {
      // Read before the message is looked for: an answer that comes in between has moved it on.
      const beats = Atomics.load(pulse, Pulse.Beats);
      const ended = Atomics.load(pulse, Pulse.Ended) === 1;
      const answer = this.#nextAnswer(port);
      if (answer !== undefined) {
        if (answer.id === id) return outcomeOf(answer);
        this.#settle(answer.id, outcomeOf(answer));
      } else if (ended || Atomics.wait(pulse, Pulse.Beats, beats, SILENCE_MAX_MS) === 'timed-out') {
        const what = ended ? 'has died' : `has not moved for ${SILENCE_MAX_MS / 1000} seconds`;
        return { error: this.#endWith(new ClosedError(`the background thread ${what}`, { facts: { ended } })) };
      }
    }
  }

  #settle(id: number, outcome: Outcome): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    const { job } = pending;
    if (job !== undefined) {
      this.#sent.delete(job);
      this.#outcomes.set(job, outcome);
      if ('error' in outcome || outcome.result === undefined) discardBlocks(job);
    }
    if (this.#pending.size === 0) this.#thread?.worker.unref();
    if ('error' in outcome) pending.reject(outcome.error);
    else pending.resolve(outcome.result);
  }

  /** An answer that has arrived but was not yet handed to the event loop, and the blocks before it. */
  #nextAnswer(port: MessagePort): JobAnswer | undefined {
    for (;;) {
      const message = receiveMessageOnPort(port)?.message as JobAnswer | BlocksMessage | undefined;
      if (message?.type !== 'blocks') return message;
      this.#unload(message);
    }
  }

  #unload({ id, load }: BlocksMessage): void {
    assert(this.#transit !== undefined, 'blocks come by the transit');
    unloadBlocks(this.#transit, load, this.#pending.get(id)?.job?.blocks);
  }

  #died(port: MessagePort, exitCode: number): void {
    for (let answer = this.#nextAnswer(port); answer !== undefined; answer = this.#nextAnswer(port)) {
      this.#settle(answer.id, outcomeOf(answer));
    }
    port.close();
    const reason = this.#workerError instanceof Error ? this.#workerError.message : `exit code ${exitCode}`;
    const facts = { exitCode };
    this.#endWith(new ClosedError(`the background thread died: ${reason}`, { cause: this.#workerError, facts }));
  }

  /** Refuses everything from now on. Only the first end counts. */
  #endWith(end: ClosedError): ClosedError {
    this.#end ??= end;
    for (const id of this.#pending.keys()) this.#settle(id, { error: this.#end });
    return this.#end;
  }
}

function shareable(job: Job): Job<SharedEntries> {
  if (job.kind === 'compaction') return job;
  if (job.kind === 'load') return { ...job, memtable: job.memtable.shareable() };
  return { ...job, memtables: job.memtables.map((memtable) => memtable.shareable()) };
}

function inputBytes(job: Job): number {
  if (job.kind === 'load') return job.memtable.byteSize;
  if (job.kind === 'flush') {
    return job.memtables.reduce((bytes, { byteSize }) => bytes + byteSize, job.valueBytes * POINTED_PART);
  }
  const tables = job.inputs.flat();
  let pointedBytes = 0;
  for (const bytes of referencedBytes(tables).values()) pointedBytes += bytes;
  return tables.reduce((bytes, table) => bytes + table.sizeBytes, pointedBytes * POINTED_PART);
}

/** Takes a job back before the worker has begun it; false when it is too late for that. */
function withdraw({ claim }: SentJob): boolean {
  return Atomics.compareExchange(claim, 0, Claim.Queued, Claim.Withdrawn) === Claim.Queued;
}

function outcomeOf(answer: JobAnswer): Outcome {
  if (answer.type === 'failed') return { error: decodeError(answer.error) };
  return { result: answer.type === 'done' ? answer.result : undefined };
}

/** @param environment whose files are those of the operating system: the worker opens them for itself. */
export function workerExecutor(environment: ExecutorEnvironment, options: ExecutorOptions = {}): JobExecutor {
  return new WorkerExecutor(environment, options);
}
