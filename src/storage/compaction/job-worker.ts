/**
 * Entry of the worker thread: executes jobs step by step, listening for messages in between. Opens its files itself. An
 * error outside a job ends the thread, of which `worker-executor.ts` takes notice.
 */

import { workerData } from 'node:worker_threads';
import type { Scheduler } from '../../base/index.js';
import { systemEnvironment } from '../../vfs/index.js';
import { sharedEntriesCursor, type SharedEntries } from '../memtable/index.js';
import { RangeTombstones } from '../tombstone/range-tombstones.js';
import { encodeError } from './error-record.js';
import { InlineExecutor } from './inline-executor.js';
import type { EntrySource } from './job-execution.js';
import { TransitSink } from './block-transit.js';
import { type BlocksMessage, Claim, type JobAnswer, type JobRequest, Pulse, type WorkerStart } from './job-message.js';
import type { Job } from './job.js';

const { port, pulse, bytesPerSecond } = workerData as WorkerStart;
const environment = systemEnvironment();
const scheduler: Scheduler = {
  nextTurn: (task) =>
    environment.scheduler.nextTurn(() => {
      task();
      beat();
    }),
  after: (delayMs, task, options) => environment.scheduler.after(delayMs, task, options),
};
const executor = new InlineExecutor({ ...environment, scheduler }, { bytesPerSecond, syncsAside: true });
const jobs = new Map<number, Job<EntrySource>>();

port.on('message', (request: JobRequest) => {
  const { type, id } = request;
  if (type === 'run') run(request);
  else if (type === 'remove') settle(id, executor.remove(request.paths), () => ({ type: 'removed', id }));
  else {
    const job = jobs.get(id);
    if (job === undefined) return;
    if (type === 'hurry') executor.hurry(job);
    else executor.cancel(job);
  }
});

process.on('exit', () => {
  Atomics.store(pulse, Pulse.Ended, 1);
  beat();
});

function run({ id, job, claim, transit }: Extract<JobRequest, { type: 'run' }>): void {
  if (Atomics.compareExchange(claim, 0, Claim.Queued, Claim.Begun) !== Claim.Queued) return;
  const blocks =
    transit === undefined ? undefined : new TransitSink(transit, (load) => tell({ type: 'blocks', id, load }));
  const own = { ...readable(job), blocks };
  jobs.set(id, own);
  settle(
    id,
    executor.run(own).finally(() => blocks?.flush()),
    (result) => (result === undefined ? { type: 'cancelled', id } : { type: 'done', id, result }),
  );
}

function settle<T>(id: number, work: Promise<T>, answerOf: (result: T) => JobAnswer): void {
  void work.then(
    (result) => answer(answerOf(result)),
    (error: unknown) => answer({ type: 'failed', id, error: encodeError(error) }),
  );
}

function readable(job: Extract<JobRequest, { type: 'run' }>['job']): Job<EntrySource> {
  if (job.kind === 'compaction') return job;
  return job.kind === 'load'
    ? { ...job, memtable: sourceOf(job.memtable) }
    : { ...job, memtables: job.memtables.map(sourceOf) };
}

function sourceOf(entries: SharedEntries): EntrySource {
  return { tombstones: new RangeTombstones(entries.tombstones), cursor: () => sharedEntriesCursor(entries) };
}

function answer(message: JobAnswer): void {
  jobs.delete(message.id);
  tell(message);
}

function tell(message: JobAnswer | BlocksMessage): void {
  port.postMessage(message);
  beat();
}

function beat(): void {
  Atomics.add(pulse, Pulse.Beats, 1);
  Atomics.notify(pulse, Pulse.Beats);
}
