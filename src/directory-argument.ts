/** Paths as callers pass them, before anything is done with them. */

import { resolve } from 'node:path';
import { InvalidArgumentError } from './base/index.js';

/** The directory name that means "nowhere": a database in memory, gone when it is closed. */
export const IN_MEMORY = ':memory:';

/**
 * Returns `path` as an absolute one, which means the same when the process changes its directory. Throws
 * `InvalidArgumentError` unless it can name a directory on disk.
 */
export function directoryArgument(operation: string, path: unknown): string {
  if (typeof path === 'string' && path !== '' && path !== IN_MEMORY) return resolve(path);
  throw new InvalidArgumentError(`${operation} needs the path of a directory, found ${JSON.stringify(path)}`, {
    facts: { operation, found: path },
  });
}
