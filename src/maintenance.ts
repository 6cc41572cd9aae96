/** What is done to a directory rather than to an open database. Tests pass an environment of their own. */

import {
  type RestoreReport,
  restore as restoreBackup,
  type VerifyReport,
  verify as verifyDirectory,
} from './recovery/index.js';
import { type Environment, systemEnvironment } from './vfs/index.js';

/**
 * Makes a database in `destination` (absent or empty) out of a backup. Every file is checked against the backup's list
 * before and after copying; throws `CorruptionError` for one that differs, and leaves no database behind then.
 */
export async function restore(
  source: string,
  destination: string,
  environment: Partial<Environment> = {},
): Promise<RestoreReport> {
  return restoreBackup(systemEnvironment(environment), source, destination);
}

/**
 * Reads every byte of a closed database and checks it: checksums, order of keys and levels, properties, stray files.
 * Never writes. Damage is reported in the result, one entry per finding.
 */
export async function verify(directory: string, environment: Partial<Environment> = {}): Promise<VerifyReport> {
  return verifyDirectory(systemEnvironment(environment), directory);
}
