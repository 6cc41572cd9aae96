/** The full check of a closed database: reads every byte, never writes one, and goes on behind the first problem. */

import { join } from 'node:path';
import { CorruptionError, InvalidArgumentError, VarveError } from '../base/index.js';
import {
  CURRENT_NAME,
  type DatabaseState,
  fileName,
  isOwnFileName,
  LOCK_NAME,
  placeName,
  readManifest,
  type TableMeta,
  type TableSource,
  type Timestamp,
} from '../storage/index.js';
import type { Environment, FileSystem } from '../vfs/index.js';
import { checkIsNoBackup, checkUnlocked } from './directory-inspection.js';
import { replayLogs } from './log-replay.js';
import { checkLevelOrder, checkTable } from './table-check.js';

export interface VerifyReport {
  /** Newest commit found. */
  readonly lastTimestamp: Timestamp;
  readonly tables: number;
  readonly entries: number;
  /** Commits that only the log holds. */
  readonly logBatches: number;
  /** What a crash has left of unfinished writes; the next `open` cuts it off. */
  readonly tornBytes: number;
  /** The files that end in it: the manifest, the last segment of the log. It counts as no problem. */
  readonly tornFiles: readonly string[];
  /** Our own files that a sound database does not refer to, as a crash may leave them; the next `open` removes them. */
  readonly orphans: readonly string[];
  /** What is wrong, in the order found; empty for a sound database. At most one finding per file, and one on levels. */
  readonly problems: readonly VarveError[];
}

/**
 * Checks the database in `directory`: manifest, checksums of all files, order of entries, properties and filters of
 * tables, the values they point to, order of levels, order of the log's timestamps, files that are missing or left over. Damage is reported, not
 * thrown. Thrown is what keeps the directory from being checked at all: `LockedError` while the database is open,
 * `InvalidArgumentError` for a directory that is a backup or holds no file of a database, `IoError`.
 */
export async function verify(environment: Environment, directory: string): Promise<VerifyReport> {
  checkIsDatabase(environment.fileSystem, directory);
  checkUnlocked(environment.fileSystem, join(directory, LOCK_NAME));
  const check = new DatabaseCheck(environment, directory);
  return check.run();
}

/** A database without its CURRENT is damaged; a directory without any file of ours is none. */
function checkIsDatabase(fileSystem: FileSystem, directory: string): void {
  const isDirectory = fileSystem.exists(directory) && fileSystem.stat(directory).kind === 'directory';
  const names = isDirectory ? fileSystem.list(directory) : [];
  checkIsNoBackup(directory, names);
  if (names.some(isOwnFileName)) return;
  throw new InvalidArgumentError(`there is no database in ${directory}`, { facts: { directory } });
}

/** Room for the commits of the log while they are checked. */
const REPLAY_BYTES = 1024 * 1024;

class DatabaseCheck {
  readonly #environment: Environment;
  readonly #directory: string;
  readonly #names: readonly string[];
  /** Names of files that belong to the database. */
  readonly #needed = new Set<string>();
  readonly #problems: VarveError[] = [];
  #logBatches = 0;
  #tornBytes = 0;
  readonly #tornFiles: string[] = [];
  #lastTimestamp: Timestamp = 0;

  constructor(environment: Environment, directory: string) {
    this.#environment = environment;
    this.#directory = directory;
    this.#names = environment.fileSystem.list(directory);
  }

  async run(): Promise<VerifyReport> {
    const manifest = await this.#attempt(() => this.#readManifest());
    if (manifest === undefined) return this.#report(0, 0);
    const { state } = manifest;
    this.#needed.add(CURRENT_NAME).add(fileName('manifest', manifest.number));
    this.#tornBytes = manifest.tornBytes;
    if (manifest.tornBytes > 0) this.#tornFiles.push(fileName('manifest', manifest.number));
    this.#lastTimestamp = state.lastTimestamp;
    const tables = [...state.version.tables()];
    await this.#checkTables(state);
    await this.#attempt(() => this.#checkLogs(state));
    const entries = tables.reduce((sum, table) => sum + table.entries, 0);
    return this.#report(tables.length, entries);
  }

  #readManifest(): ReturnType<typeof readManifest> {
    if (!this.#names.includes(CURRENT_NAME)) {
      throw CorruptionError.at(CURRENT_NAME, 0, {
        expected: 'the file that names the manifest',
        found: 'no such file',
      });
    }
    return readManifest(this.#environment.fileSystem, this.#directory);
  }

  async #checkTables(state: DatabaseState): Promise<void> {
    const source: TableSource = {
      fileSystem: this.#environment.fileSystem,
      directory: this.#directory,
      cache: undefined,
    };
    const before = this.#problems.length;
    for (const table of state.version.tables()) {
      const name = fileName('table', table.fileNumber);
      this.#needed.add(name);
      const isWhole = await this.#checkSegments(table);
      await this.#attempt(() => {
        this.#mustExist(name, 'in the manifest');
        if (isWhole) checkTable(source, table);
      });
      await new Promise<void>((resolve) => this.#environment.scheduler.nextTurn(resolve));
    }
    if (this.#problems.length === before) await this.#attempt(() => checkLevelOrder(source, state.version));
  }

  /** True when the files that a table points into are there; each that is missing is a finding of its own. */
  async #checkSegments(table: TableMeta): Promise<boolean> {
    const names = table.references.map(({ place }) => placeName(place));
    for (const name of names) {
      if (this.#needed.has(name)) continue;
      this.#needed.add(name);
      await this.#attempt(() => this.#mustExist(name, `in ${fileName('table', table.fileNumber)}`));
    }
    return names.every((name) => this.#names.includes(name));
  }

  async #checkLogs(state: DatabaseState): Promise<void> {
    const replay = await replayLogs(
      {
        fileSystem: this.#environment.fileSystem,
        directory: this.#directory,
        ownNames: this.#names.filter(isOwnFileName),
        state,
        memtableBytes: REPLAY_BYTES,
      },
      () => undefined,
    );
    for (const number of replay.logNumbers) this.#needed.add(fileName('log', number));
    this.#logBatches = replay.batches;
    this.#tornBytes += replay.tornBytes;
    if (replay.isTorn) this.#tornFiles.push(fileName('log', replay.logNumbers.at(-1)!));
    this.#lastTimestamp = replay.lastTimestamp;
  }

  #mustExist(name: string, where: string): void {
    if (this.#names.includes(name)) return;
    throw CorruptionError.at(name, 0, { expected: `a file that is named ${where}`, found: 'no such file' });
  }

  /** Damage becomes a finding; everything else is thrown. */
  async #attempt<T>(action: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (finding) {
      if (!(finding instanceof VarveError) || finding.code === 'VARVE_IO') throw finding;
      this.#problems.push(finding);
      return undefined;
    }
  }

  #report(tables: number, entries: number): VerifyReport {
    const damaged = this.#problems.length > 0;
    return {
      lastTimestamp: this.#lastTimestamp,
      tables,
      entries,
      logBatches: this.#logBatches,
      tornBytes: this.#tornBytes,
      tornFiles: this.#tornFiles,
      // Behind damage nobody knows what was referred to.
      orphans: damaged ? [] : this.#names.filter((name) => isOwnFileName(name) && !this.#needed.has(name)),
      problems: this.#problems,
    };
  }
}
