/** What is done to a directory rather than to an open database. */

import { checkOptionNames } from './base/index.js';
import { directoryArgument } from './directory-argument.js';
import {
  type RestoreReport,
  restore as restoreBackup,
  type VerifyReport,
  verify as verifyDirectory,
} from './recovery/index.js';
import { type Environment, systemEnvironment } from './vfs/index.js';

export interface MaintenanceOptions {
  /** Replacements for parts of the machine: file system, clock, randomness, scheduler. Meant for tests and simulations. */
  readonly environment?: Partial<Environment> | undefined;
}

/**
 * Makes a database in `destination` (absent or empty) out of a backup. Every file is checked against the backup's list
 * before and after copying; throws `CorruptionError` for one that differs, and leaves no database behind then.
 */
export async function restore(
  source: string,
  destination: string,
  options?: MaintenanceOptions,
): Promise<RestoreReport> {
  const environment = environmentOf('options of restore', options);
  return restoreBackup(environment, directoryArgument('restore', source), directoryArgument('restore', destination));
}

/**
 * Reads every byte of a closed database and checks it: checksums, order of keys and levels, properties, stray files.
 * Never writes. Damage is reported in the result, one entry per finding. Throws `LockedError` while the database is open,
 * `InvalidArgumentError` where there is no database (a backup is none: `restore` checks those).
 */
export async function verify(directory: string, options?: MaintenanceOptions): Promise<VerifyReport> {
  return verifyDirectory(environmentOf('options of verify', options), directoryArgument('verify', directory));
}

function environmentOf(subject: string, options: MaintenanceOptions | undefined): Environment {
  checkOptionNames(subject, options, ['environment']);
  checkOptionNames('parts of an environment', options?.environment, ['fileSystem', 'clock', 'random', 'scheduler']);
  return systemEnvironment(options?.environment);
}
