/**
 * Opens a database directory, or creates one. Redo only: manifest → version, log → memtables → level 0. Everything that
 * recovery writes takes effect at once, by the switch of `CURRENT` to a new manifest: cut short at any point, the next
 * recovery starts from the same state.
 */

import { join } from 'node:path';
import { assert, CorruptionError, InvalidArgumentError, IoError } from '../base/index.js';
import {
  type CommitTime,
  CURRENT_NAME,
  type DatabaseState,
  Engine,
  type EngineDependencies,
  type EngineOptions,
  fileName,
  type FlushJob,
  LOCK_NAME,
  LogWriter,
  logOptions as segmentOptions,
  ManifestWriter,
  parseFileName,
  placeName,
  publishing,
  readManifest,
  type RecoveredEngine,
  retainedTimes,
  type SealedMemtable,
  Version,
} from '../storage/index.js';
import { createDurableDirectory, type FileLock, type FileSystem } from '../vfs/index.js';
import { checkUnlocked, type DirectoryInspection, FIRST_LOG_NUMBER, inspectDirectory } from './directory-inspection.js';
import { type ReplayedMemtable, replayLogs, type ReplaySummary } from './log-replay.js';
import { tellsOfFullDisk, unlinkCreatedSince, unlinkPresent, unlinkUnneeded } from './unneeded-files.js';

/** What recovery did. */
export interface RecoveryReport {
  /** True when there was no database before. */
  readonly created: boolean;
  /** Newest commit in the database. */
  readonly lastTimestamp: number;
  readonly logsReplayed: number;
  readonly batchesReplayed: number;
  readonly bytesReplayed: number;
  /** Bytes at the end of a log or manifest that a crash had left incomplete. */
  readonly tornBytesCut: number;
  /** Own files that nothing referred to. */
  readonly orphansRemoved: readonly string[];
  readonly tookMs: number;
}

export interface OpenEngineOptions extends EngineOptions {
  readonly createIfMissing: boolean;
}

/**
 * Opens the database in `directory`. Opened read-only, nothing but the lock file is written, and on a file system that
 * takes no writes not even that; unflushed commits stay in memory.
 *
 * Throws `LockedError` when somebody has it open, `InvalidArgumentError` when there is no database and none may be
 * created (or the directory holds something else), `CorruptionError` for damage other than the torn tail of a crash.
 */
export async function openEngine(
  directory: string,
  options: OpenEngineOptions,
  dependencies: EngineDependencies,
): Promise<{ engine: Engine; report: RecoveryReport }> {
  const { fileSystem, clock } = dependencies.environment;
  const startedMs = clock.monotonicMs();
  const mayCreate = options.createIfMissing && !options.readOnly;
  if (inspectDirectory(fileSystem, directory).kind !== 'database' && !mayCreate) {
    throw new InvalidArgumentError(`there is no database in ${directory}`, { facts: { directory } });
  }
  createDurableDirectory(fileSystem, directory);
  const lock = takeLock(fileSystem, join(directory, LOCK_NAME), options.readOnly);
  try {
    const { recovery, recovered } = await recover(directory, options, dependencies, lock);
    const report = { ...recovery.report(), tookMs: clock.monotonicMs() - startedMs };
    const listener = publishing(dependencies.listener, directory);
    const engine = new Engine(recovered, options, { ...dependencies, listener });
    // It has begun to work in the background already. Closing it throws the fault that has stopped it.
    if (engine.poisoned) await engine.close();
    const { lastTimestamp, batchesReplayed, tornBytesCut, tookMs } = report;
    listener({ type: 'recovery', lastTimestamp, batchesReplayed, tornBytesCut, tookMs });
    return { engine, report };
  } catch (cause) {
    lock.release();
    throw cause;
  }
}

/**
 * On a full disk files that nothing needs may be in the way: a recovery that finds no room is made again without them. They
 * are not removed before, as it takes the replay of the whole log to know that nothing is damaged.
 */
async function recover(
  directory: string,
  options: OpenEngineOptions,
  dependencies: EngineDependencies,
  lock: FileLock,
): Promise<{ recovery: Recovery; recovered: RecoveredEngine }> {
  const { fileSystem } = dependencies.environment;
  // Inspected again, as another process may have been faster.
  const begin = (): Recovery => new Recovery(directory, options, dependencies, inspectDirectory(fileSystem, directory));
  const recovery = begin();
  if (options.readOnly) return { recovery, recovered: await recovery.readOnly(lock) };
  try {
    return { recovery, recovered: await recovery.writable(lock) };
  } catch (cause) {
    if (!tellsOfFullDisk(cause)) throw cause;
    const removed = await begin().removeOrphans();
    if (removed.length === 0) throw cause;
    const second = begin();
    return { recovery: second, recovered: await second.writable(lock, removed) };
  }
}

/** A reader needs no lock file where nothing can be written, unless whoever mounted it otherwise left a living one. */
function takeLock(fileSystem: FileSystem, path: string, readOnly: boolean): FileLock {
  try {
    return fileSystem.lock(path);
  } catch (fault) {
    if (!readOnly || !(fault instanceof IoError) || fault.errno !== 'EROFS') throw fault;
    checkUnlocked(fileSystem, path);
    return { path, release: () => undefined };
  }
}

const NO_COMMITS = { lastTimestamp: 0, prunedThrough: 0, times: [] } as const;

/** One run of recovery. */
class Recovery {
  readonly #directory: string;
  readonly #options: OpenEngineOptions;
  readonly #dependencies: EngineDependencies;
  readonly #fileSystem: FileSystem;
  readonly #ownNames: readonly string[];
  readonly #created: boolean;
  #state: DatabaseState;
  /** Manifest that was in force; undefined in a fresh directory. */
  readonly #manifestNumber: number | undefined;
  #tornBytes = 0;
  #replay: ReplaySummary | undefined;
  #orphans: readonly string[] = [];

  constructor(
    directory: string,
    options: OpenEngineOptions,
    dependencies: EngineDependencies,
    inspection: DirectoryInspection,
  ) {
    this.#directory = directory;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#fileSystem = dependencies.environment.fileSystem;
    this.#ownNames = inspection.ownNames;
    this.#created = inspection.kind !== 'database';
    if (this.#created) {
      this.#state = { ...NO_COMMITS, version: new Version(), nextFileNumber: FIRST_LOG_NUMBER, logNumber: 0 };
      return;
    }
    const manifest = readManifest(this.#fileSystem, directory);
    this.#manifestNumber = manifest.number;
    this.#tornBytes = manifest.tornBytes;
    this.#state = { ...manifest.state, nextFileNumber: firstFreeNumber(manifest.state, this.#ownNames) };
    checkTables(this.#fileSystem, directory, manifest.state.version);
    checkSegments(this.#fileSystem, directory, manifest.state.version);
  }

  report(): Omit<RecoveryReport, 'tookMs'> {
    return {
      created: this.#created,
      lastTimestamp: this.#replay?.lastTimestamp ?? this.#state.lastTimestamp,
      logsReplayed: this.#replay?.logNumbers.length ?? 0,
      batchesReplayed: this.#replay?.batches ?? 0,
      bytesReplayed: this.#replay?.bytes ?? 0,
      tornBytesCut: this.#tornBytes + (this.#replay?.tornBytes ?? 0),
      orphansRemoved: this.#orphans,
    };
  }

  async readOnly(lock: FileLock): Promise<RecoveredEngine> {
    const memtables: SealedMemtable[] = [];
    await this.#replayInto((replayed) => {
      memtables.unshift({ ...replayed, logNumber: undefined });
    });
    return this.#recovered(lock, { memtables });
  }

  /** @param removed orphans that were in the way of an attempt before. */
  async writable(lock: FileLock, removed: readonly string[] = []): Promise<RecoveredEngine> {
    try {
      return await this.#recoverAndSwitch(lock, removed);
    } catch (cause) {
      const before = { ownNames: this.#ownNames, manifestNumber: this.#manifestNumber };
      unlinkCreatedSince(before, this.#fileSystem, this.#directory);
      throw cause;
    }
  }

  /** Unlinks, without having written anything, what is not needed: a log from the manifest's on never counts as that. */
  async removeOrphans(): Promise<readonly string[]> {
    if (this.#manifestNumber === undefined) return [];
    await this.#replayInto(() => undefined);
    const { logNumber } = this.#state;
    const names = this.#unreferenced().filter((name) => {
      const parsed = parseFileName(name);
      return parsed?.kind !== 'log' || parsed.number < logNumber;
    });
    if (names.length > 0)
      unlinkUnneeded(names, this.#manifestNumber, { fileSystem: this.#fileSystem, directory: this.#directory });
    return names;
  }

  async #recoverAndSwitch(lock: FileLock, removed: readonly string[]): Promise<RecoveredEngine> {
    if (this.#created) {
      this.#orphans = this.#ownNames;
      this.#unlink(this.#ownNames);
    } else {
      await this.#replayInto((replayed) => this.#flush(replayed));
      this.#syncReplayedSegments();
      this.#orphans = [...removed, ...this.#unreferenced()];
    }
    const logNumber = this.#allocate();
    const logOptions = { ...segmentOptions(this.#options.memtableBytes), vouches: true };
    const log = LogWriter.create(this.#fileSystem, this.#directory, logNumber, logOptions);
    try {
      // The manifest is going to name it.
      log.syncNow();
      const manifestNumber = this.#allocate();
      const lastTimestamp = this.#replay?.lastTimestamp ?? this.#state.lastTimestamp;
      this.#state = { ...this.#state, logNumber, lastTimestamp, times: this.#times() };
      const manifest = ManifestWriter.create(this.#fileSystem, this.#directory, manifestNumber, this.#state);
      try {
        if (!this.#created) this.#unlink([...this.#orphans, ...this.#replacedNames()]);
        return this.#recovered(lock, { log, manifest, memtables: [] });
      } catch (cause) {
        manifest.close();
        throw cause;
      }
    } catch (cause) {
      log.close();
      throw cause;
    }
  }

  #recovered(
    lock: FileLock,
    opened: { log?: LogWriter; manifest?: ManifestWriter; memtables: readonly SealedMemtable[] },
  ): RecoveredEngine {
    return {
      directory: this.#directory,
      lock,
      state: this.#state,
      manifest: opened.manifest,
      log: opened.log,
      memtables: opened.memtables,
      times: this.#times(),
      lastTimestamp: this.#replay?.lastTimestamp ?? this.#state.lastTimestamp,
    };
  }

  async #replayInto(receive: (replayed: ReplayedMemtable) => void | Promise<void>): Promise<void> {
    const source = {
      fileSystem: this.#fileSystem,
      directory: this.#directory,
      ownNames: this.#ownNames,
      state: this.#state,
      memtableBytes: this.#options.memtableBytes,
    };
    this.#replay = await replayLogs(source, receive);
  }

  /** Writes a replayed memtable to a table of level 0. It counts only with the manifest written at the end. */
  async #flush(replayed: ReplayedMemtable): Promise<void> {
    const { blockBytes, bloomBitsPerKey, compression, indexBytesMax } = this.#options;
    const version = this.#state.version;
    const job: FlushJob = {
      kind: 'flush',
      memtables: [replayed.memtable],
      valueBytes: 0,
      fileNumber: this.#allocate(),
      directory: this.#directory,
      format: { blockBytes, bloomBitsPerKey, compression, indexBytesMax },
      retention: this.#dependencies.retention.view(),
      olderRuns: version.levels.flatMap(({ runs }) => runs.map((run) => run.tables)),
    };
    const result = await this.#dependencies.executor.run(job);
    assert(result !== undefined, 'nobody cancels a flush');
    this.#state = {
      ...this.#state,
      version: version.with(
        { added: result.tables.map((table) => ({ level: 0, run: table.fileNumber, table })), removed: [] },
        (meta) => meta,
        (expected, found) => CorruptionError.at(fileName('table', job.fileNumber), 0, { expected, found }),
      ),
      prunedThrough: Math.max(this.#state.prunedThrough, result.prunedThrough),
    };
  }

  /**
   * What was replayed may never have been synced: only the process was killed. From now on tables point into it, and other
   * than the log they replace they are not read again.
   */
  #syncReplayedSegments(): void {
    for (const name of segmentNames(this.#state.version)) {
      if (!this.#logNames().includes(name)) continue;
      const file = this.#fileSystem.open(join(this.#directory, name), 'update');
      try {
        file.syncNow();
      } finally {
        file.close();
      }
    }
  }

  /** When commits were made, those of the manifest and those of the log. */
  #times(): readonly CommitTime[] {
    const { times, lastTimestamp, prunedThrough } = this.#state;
    const replayed = this.#replay?.times.filter(({ timestamp }) => timestamp > lastTimestamp) ?? [];
    return retainedTimes([...times, ...replayed], prunedThrough);
  }

  #allocate(): number {
    const number = this.#state.nextFileNumber;
    this.#state = { ...this.#state, nextFileNumber: number + 1 };
    return number;
  }

  /** Names that neither the old manifest nor its log needed. */
  #unreferenced(): string[] {
    const needed = new Set([...this.#replacedNames(), ...segmentNames(this.#state.version)]);
    for (const table of this.#state.version.tables()) needed.add(fileName('table', table.fileNumber));
    return this.#ownNames.filter((name) => name !== CURRENT_NAME && !needed.has(name));
  }

  /** Names that were needed until the new manifest came into force. */
  #replacedNames(): string[] {
    const segments = segmentNames(this.#state.version);
    const logs = this.#logNames().filter((name) => !segments.has(name));
    return this.#manifestNumber === undefined ? logs : [fileName('manifest', this.#manifestNumber), ...logs];
  }

  /** Of the segments that were replayed. */
  #logNames(): string[] {
    return (this.#replay?.logNumbers ?? []).map((number) => fileName('log', number));
  }

  #unlink(names: readonly string[]): void {
    unlinkPresent(names, this.#fileSystem, this.#directory);
  }
}

function firstFreeNumber(state: DatabaseState, names: readonly string[]): number {
  let next = state.nextFileNumber;
  for (const name of names) next = Math.max(next, (parseFileName(name)?.number ?? 0) + 1);
  return next;
}

/** Every table of the version must be there in its size; its content is verified as it is read. */
function checkTables(fileSystem: FileSystem, directory: string, version: Version): void {
  for (const table of version.tables()) {
    const name = fileName('table', table.fileNumber);
    const found = fileSize(fileSystem, join(directory, name));
    if (found === table.sizeBytes) continue;
    const what = {
      expected: `a table of ${table.sizeBytes} bytes`,
      found: found === undefined ? 'none' : `${found} bytes`,
    };
    throw CorruptionError.at(name, Math.min(found ?? 0, table.sizeBytes), what);
  }
}

/** Every file that tables point into must reach as far as they do; the values are verified as they are read. */
function checkSegments(fileSystem: FileSystem, directory: string, version: Version): void {
  for (const table of version.tables()) {
    for (const { place, end } of table.references) {
      const name = placeName(place);
      const found = fileSize(fileSystem, join(directory, name));
      if (found !== undefined && found >= end) continue;
      const expected = `values up to ${end}, which ${fileName('table', table.fileNumber)} points to`;
      throw CorruptionError.at(name, found ?? 0, { expected, found: found === undefined ? 'none' : `${found} bytes` });
    }
  }
}

/** Names of the files of values that tables point into. */
function segmentNames(version: Version): Set<string> {
  return new Set([...version.tables()].flatMap((table) => table.references.map(({ place }) => placeName(place))));
}

function fileSize(fileSystem: FileSystem, path: string): number | undefined {
  try {
    return fileSystem.stat(path).sizeBytes;
  } catch (cause) {
    if (cause instanceof IoError && cause.errno === 'ENOENT') return undefined;
    throw cause;
  }
}
