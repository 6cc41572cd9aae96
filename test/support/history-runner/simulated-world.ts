/** Everything impure that a store touches, driven by one seed. */

import type { Random } from '../../../src/base/index.js';
import type { Environment, FileSystem } from '../../../src/vfs/index.js';
import { SimulatedScheduler } from './simulated-scheduler.js';
import { SlowSyncFileSystem } from './slow-sync-file-system.js';

const SYNC_MS_MAX = 2;

export class SimulatedWorld {
  readonly scheduler: SimulatedScheduler;
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
    this.scheduler = new SimulatedScheduler(random);
  }

  environment(fileSystem: FileSystem): Environment {
    const slow = new SlowSyncFileSystem(fileSystem, () => this.scheduler.pause(this.random.float() * SYNC_MS_MAX));
    return { fileSystem: slow, clock: this.scheduler.clock, random: this.random, scheduler: this.scheduler };
  }
}
