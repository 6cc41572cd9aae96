/**
 * What the engine's thread and the worker say to each other: plain data in messages, and two shared words per purpose.
 *
 * Every job has a claim, a shared word that the worker turns from `queued` to `begun` when it takes the job up, and the
 * engine's thread from `queued` to `withdrawn` when it would rather do the job itself: exactly one of the two succeeds.
 *
 * The pulse lets the engine's thread wait for the worker without turning its event loop: the worker counts `beats` up, and
 * wakes whoever waits for that word, after every step and after every message it sends, and sets `ended` when it exits.
 */

import type { MessagePort } from 'node:worker_threads';
import type { BlockLoad, BlockTransit } from './block-transit.js';
import type { SharedEntries } from '../memtable/index.js';
import type { ErrorRecord } from './error-record.js';
import type { Job, JobResult } from './job.js';

export const Claim = { Queued: 0, Begun: 1, Withdrawn: 2 } as const;

/** Indexes into the pulse. */
export const Pulse = { Beats: 0, Ended: 1 } as const;
export const PULSE_BYTES = 8;

/** `workerData` of the worker. */
export interface WorkerStart {
  readonly port: MessagePort;
  readonly pulse: Int32Array;
  readonly bytesPerSecond: number | undefined;
}

export type JobRequest =
  | {
      readonly type: 'run';
      readonly id: number;
      /** Without its sink. */
      readonly job: Job<SharedEntries>;
      readonly claim: Int32Array;
      /** Where the blocks go that are for the sink; undefined when there is none. */
      readonly transit: BlockTransit | undefined;
    }
  /** Somebody waits: do not pace it. */
  | { readonly type: 'hurry'; readonly id: number }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'remove'; readonly id: number; readonly paths: readonly string[] };

/** The one answer to a `run` or `remove`. */
export type JobAnswer =
  | { readonly type: 'done'; readonly id: number; readonly result: JobResult }
  | { readonly type: 'cancelled' | 'removed'; readonly id: number }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorRecord };

/** Blocks that a job has written, before it is answered. */
export interface BlocksMessage {
  readonly type: 'blocks';
  readonly id: number;
  readonly load: BlockLoad;
}
