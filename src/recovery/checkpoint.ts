/** A second database beside an open one that shares its tables and values by hard links: cheap, and independent from then on. */

import { CURRENT_NAME, CURRENT_TEMPORARY_NAME, type Engine, type Timestamp } from '../storage/index.js';
import { checkOutside, NewDirectory } from './new-directory.js';

export interface CheckpointReport {
  /** Every commit up to it is in the checkpoint, and none after it. */
  readonly timestamp: Timestamp;
  readonly files: number;
  readonly bytes: number;
  readonly tookMs: number;
}

/**
 * Makes `destination` (absent or empty, on the same file system) a database that holds every commit made before the call.
 * It is durable when the promise resolves; without that, or after an error, `destination` is not a database. Commits may
 * go on meanwhile. Throws `InvalidArgumentError` for an occupied destination, one inside the database, or a read-only engine, `IoError` with
 * `EXDEV` across file systems.
 */
export async function checkpoint(engine: Engine, destination: string): Promise<CheckpointReport> {
  const { fileSystem, clock } = engine.environment;
  checkOutside(engine.directory, destination);
  const startMs = clock.monotonicMs();
  await engine.flush();
  const pinned = engine.pinFiles();
  try {
    const directory = new NewDirectory(fileSystem, destination);
    try {
      let bytes = 0;
      for (const { path, name, meta } of pinned.tables) {
        directory.link(path, name);
        bytes += meta.sizeBytes;
      }
      for (const { path, name, sizeBytes } of pinned.segments) {
        directory.link(path, name);
        bytes += sizeBytes;
      }
      for (const content of pinned.contents) {
        bytes += content.bytes.length;
        if (content.name !== CURRENT_NAME) directory.write(content.name, content.bytes);
        else directory.finish({ name: CURRENT_NAME, temporaryName: CURRENT_TEMPORARY_NAME }, content.bytes);
      }
      const files = pinned.tables.length + pinned.segments.length + pinned.contents.length;
      return { timestamp: pinned.timestamp, files, bytes, tookMs: clock.monotonicMs() - startMs };
    } catch (cause) {
      directory.abandon();
      throw cause;
    }
  } finally {
    pinned.release();
  }
}
