/** When commits that asked for no sync get one: after so many, or so long after the first (`wal.sync`). */

import type { Scheduler } from '../../base/index.js';
import type { WalSync } from './engine-options.js';

export class SyncSchedule {
  readonly #policy: WalSync;
  readonly #scheduler: Scheduler;
  readonly #sync: () => void;
  #unsynced = 0;
  #cancelTimer: (() => void) | undefined;

  /** @param sync asks for a sync that nobody waits for. */
  constructor(policy: WalSync, scheduler: Scheduler, sync: () => void) {
    this.#policy = policy;
    this.#scheduler = scheduler;
    this.#sync = sync;
  }

  /** Whether commits have been published since the last sync. */
  get hasUnsynced(): boolean {
    return this.#unsynced > 0;
  }

  /** True when so many commits more have to be synced at once. */
  isDueWith(commits: number): boolean {
    const policy = this.#policy;
    return typeof policy === 'object' && 'everyCommits' in policy && this.#unsynced + commits >= policy.everyCommits;
  }

  /** Commits have been published without a sync. */
  published(commits: number): void {
    this.#unsynced += commits;
    const policy = this.#policy;
    if (this.#unsynced === 0 || typeof policy !== 'object' || !('everyMs' in policy)) return;
    this.#cancelTimer ??= this.#scheduler.after(policy.everyMs, () => {
      this.#cancelTimer = undefined;
      this.#sync();
    });
  }

  /** Everything published is durable. */
  synced(): void {
    this.#unsynced = 0;
    this.stop();
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
