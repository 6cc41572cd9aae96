/** Everything impure that Varve touches, in one parameter: a test that replaces all of it controls the whole run. */

import { type Clock, type Random, type Scheduler, systemClock, systemRandom, systemScheduler } from '../base/index.js';
import type { FileSystem } from './file-system.js';
import { NodeFileSystem } from './node-file-system.js';

export interface Environment {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
}

/** The real machine, with parts replaced by `overrides`. */
export function systemEnvironment(overrides: Partial<Environment> = {}): Environment {
  return {
    fileSystem: new NodeFileSystem(),
    clock: systemClock,
    random: systemRandom,
    scheduler: systemScheduler,
    ...overrides,
  };
}
