/**
 * Has the space of values come back also where no commit sets that off: in a database that is idle, or so small that its
 * garbage never amounts to much. Looks every `LOOK_MS`. When nothing has happened since the last look, or when the last
 * upkeep is `LOOKS_MAX` looks ago, what memtables point to is flushed, and garbage is found and collected more
 * thoroughly than while commits come.
 */

import type { Scheduler } from '../../base/index.js';
import type { VersionSet } from '../version/version-set.js';
import type { MemtableStack } from './memtable-stack.js';
import type { ValueLog } from './value-log.js';

const LOOK_MS = 10_000;
const LOOKS_MAX = 30;

export interface UpkeepHost {
  readonly scheduler: Scheduler;
  readonly memtables: MemtableStack;
  readonly versions: VersionSet;
  readonly valueLog: ValueLog;
  /** Flushes what was committed so far; does not wait. */
  flush(): void;
  /** Starts what there is to do. */
  start(): void;
}

export class ValueUpkeep {
  readonly #host: UpkeepHost;
  #cancel: (() => void) | undefined;
  /** How many looks ago the last upkeep was. */
  #looks = 0;
  /** What the last look saw, and what the last upkeep left. */
  #seen = '';
  #kept = '';

  constructor(host: UpkeepHost) {
    this.#host = host;
  }

  /** Begins to look, unless it has. Looking ends when there is nothing to be done any more. */
  start(): void {
    this.#cancel ??= this.#host.scheduler.after(LOOK_MS, () => {
      this.#cancel = undefined;
      if (this.#look()) this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Returns whether to look again. */
  #look(): boolean {
    const { memtables, valueLog, versions } = this.#host;
    const state = this.#state();
    const isIdle = state === this.#seen;
    this.#seen = state;
    if (state === this.#kept) return false;
    if (!isIdle && ++this.#looks < LOOKS_MAX) return true;
    this.#looks = 0;
    if (isIdle && memtables.activeValueBytes > 0) {
      // The segment that the flush begins is to be as small as what is in it.
      versions.giveUpSpares('all');
      this.#host.flush();
    } else {
      this.#kept = state;
      valueLog.keepUp();
      this.#host.start();
    }
    return true;
  }

  /** Changes with every commit of values, flush and merge. */
  #state(): string {
    const { memtables, versions } = this.#host;
    return `${versions.number} ${memtables.sealed.length} ${memtables.active.count}`;
  }
}
