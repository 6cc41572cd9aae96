/** A database for the length of one command. */

import { type Database, type DatabaseOptions, open } from '../index.js';

/** Opens what is there, never creates; closes it whatever `work` comes to. */
export async function withDatabase<T>(
  path: string,
  options: DatabaseOptions,
  work: (db: Database) => T | Promise<T>,
): Promise<T> {
  const db = await open(path, { createIfMissing: false, ...options });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}
