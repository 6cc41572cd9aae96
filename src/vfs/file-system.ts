/**
 * The durability contract: what Varve may assume of any file system, call by call. Everything above is proven against
 * exactly these words, because `MemFileSystem` implements the weakest reading of them and the crash suites run on it.
 *
 * "Crash" is loss of power: the process and the page cache are gone. "Kill" is loss of the process alone: every call
 * that returned has taken effect.
 *
 * | call              | after a kill | after a crash                                                                    |
 * |-------------------|--------------|----------------------------------------------------------------------------------|
 * | `write`           | kept         | any subset of the sectors written since the last `sync` of the file, in any order |
 * | `truncate`        | kept         | done or not, independently of writes, until the file is synced                    |
 * | `sync`/`syncNow`  | –            | content and length as of the call survive; the file's *name* does not yet         |
 * | `open('create')`  | kept         | the name may be gone until its directory is synced                                |
 * | `rename`          | kept         | atomic; old or new names until the directory is synced; does not sync the data    |
 * | `unlink`, `link`  | kept         | done or undone until the directory is synced                                      |
 * | `createDirectory` | kept         | gone or kept until the parent directory is synced                                 |
 * | `syncDirectory`   | –            | the set of names in that directory as of the call survives                        |
 *
 * Unsynced changes to names reach the disk in any order, and in any order relative to file contents.
 * After a failed `sync` nothing is known about any byte written since the previous successful one, and a later
 * successful `sync` does not bring it back (fsyncgate): the owner of the file must stop trusting it. That something was
 * lost is told to every open handle of the file, by its `sync` under way or by its next, but only once: of several under way
 * on one handle the others may succeed.
 *
 * Paths use the host's separator. Every failure is an `IoError` naming operation, path and errno, except `lock`, which
 * throws `LockedError`. Calls are synchronous, apart from `sync`,
 * `syncDirectoryAside` and `unlinkAside`, whose waiting is worth a trip through the thread pool.
 */
export interface FileSystem {
  /** Opens a file; see {@link OpenMode}. Files are created with mode 0600. */
  open(path: string, mode: OpenMode): File;
  /** True when something has this name. */
  exists(path: string): boolean;
  stat(path: string): FileStat;
  /** Names (not paths) in a directory, in ascending order. */
  list(directory: string): string[];
  /** Creates a directory and its missing parents with mode 0700. Nothing happens when it exists. */
  createDirectory(path: string): void;
  /** Replaces `to` if it exists. */
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** The same beside this thread: to give back many pages and blocks takes milliseconds. */
  unlinkAside(path: string): Promise<void>;
  /** Gives the file a second name (hard link). Fails with `EEXIST` when `path` exists. */
  link(existing: string, path: string): void;
  syncDirectory(path: string): void;
  /** The same beside this thread, as of the call: durable when the promise resolves, not before. */
  syncDirectoryAside(path: string): Promise<void>;
  /**
   * Takes the advisory lock of `path`, a small file that names the holder. Released by `FileLock.release`, and free for
   * the taking once its holder has died. Throws `LockedError` with `facts.path` and `facts.pid` while another holder lives.
   */
  lock(path: string): FileLock;
  /** Pid of the living holder of the lock of `path`; undefined when there is none. Changes nothing. */
  lockHolder(path: string): number | undefined;
}

/**
 * `read`: an existing file, for reading. `update`: an existing file, for reading and writing.
 * `create`: a new file, for reading and writing; fails with `EEXIST` when the name is taken.
 */
export type OpenMode = 'read' | 'update' | 'create';

export interface FileStat {
  readonly kind: 'file' | 'directory';
  readonly sizeBytes: number;
}

export interface FileLock {
  readonly path: string;
  /** Idempotent. */
  release(): void;
}

/** An open file. All positions and sizes are in bytes. Using it after `close` throws `ClosedError`. */
export interface File {
  readonly path: string;
  size(): number;
  /**
   * Fills `target` from `position` on, repeating short reads. Returns the bytes read, less than `target.length` only
   * where the file ends.
   */
  read(target: Uint8Array, position: number): number;
  /** Writes all of `bytes` at `position`, repeating short writes. A gap before `position` reads as zeros. */
  write(bytes: Uint8Array, position: number): void;
  /** Writes all of `parts`, one behind the other, from `position` on: `write` of their concatenation. */
  writeParts(parts: readonly Uint8Array[], position: number): void;
  truncate(sizeBytes: number): void;
  /** Makes content and length as of the call durable; resolves when the device says so. Several may be under way. */
  sync(): Promise<void>;
  /** The same, waiting on this thread. */
  syncNow(): void;
  /** Idempotent. Does not sync. */
  close(): void;
}
