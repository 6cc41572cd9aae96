/**
 * The advisory lock of a directory shared by processes of one machine: a small file that names its holder.
 *
 * Taking it: write the own name to a temporary file, then `link` it to the lock's path, which fails if that exists. So a
 * lock file seen by others is always complete, and one that does not parse was left by a power loss.
 * Taking over a dead holder's file: two takers must not both replace it, nor one remove what the other has just put
 * there. The right to replace the content X is itself a lock, at `path.<owner of X>`, taken by these same rules; its
 * holder reads the file again and replaces it only if it still says X. Contents are unique per taking, so X never
 * comes back. A taker that dies in between leaves a dead right behind, which the next one takes over in turn; files of
 * dead takers are removed by whoever holds the lock next, since no content they speak of can still be there.
 *
 * The start of the holder's process is recorded beside its pid, so that a pid in use again does not count as alive.
 * Not seen as alive: holders on other machines or in other pid namespaces. A shared network mount is not protected.
 */

import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { IoError, LockedError, utf8Encode } from '../base/index.js';
import type { FileLock, FileSystem } from './file-system.js';

const FIRST_LINE = 'varve lock 1';
const CONTENT_BYTES_MAX = 512;
/** Dead rights found on top of one another, and repeated losses of a race, before the lock counts as taken. */
const DEPTH_MAX = 4;
const ATTEMPTS_MAX = 16;

const heldSymbol = Symbol.for('varve.locks');

interface LocksOfThread {
  /** Real paths. */
  readonly held: Set<string>;
  takings: number;
}

/** What a lock file says of its holder. */
export interface LockOwner {
  readonly pid: number;
  /** When the process started, in a form only comparable for equality; empty where the system does not tell. */
  readonly start: string;
  /** Distinguishes all takings by one process. */
  readonly taking: string;
}

/** Shared by every copy of this module that a process may have loaded into one thread, hence global. */
const registry: typeof globalThis & { [heldSymbol]?: LocksOfThread } = globalThis;
const here = (registry[heldSymbol] ??= { held: new Set<string>(), takings: 0 });

/** True for names that belong to the lock `lockName` or to an attempt to take it that was cut short. */
export function isLockFileName(name: string, lockName: string): boolean {
  return name.startsWith(lockName) && /^(\.(damaged|\d+-[0-9a-z-]*))*(\.tmp)?$/.test(name.slice(lockName.length));
}

/** Takes the lock at `path`; `realPath` (no symbolic links) identifies it within this process. */
export function takeProcessLock(fileSystem: FileSystem, path: string, realPath: string): FileLock {
  if (here.held.has(realPath)) throw lockedError(path, process.pid);
  const content = take(fileSystem, realPath, 0);
  removeDeadAttempts(fileSystem, realPath);
  here.held.add(realPath);
  let held = true;
  return {
    path,
    release: () => {
      if (!held) return;
      held = false;
      here.held.delete(realPath);
      drop(fileSystem, realPath, content);
    },
  };
}

export function processLockHolder(fileSystem: FileSystem, realPath: string): number | undefined {
  if (here.held.has(realPath)) return process.pid;
  const holder = parseLockOwner(readText(fileSystem, realPath) ?? '');
  return holder !== undefined && isAlive(fileSystem, realPath, holder) ? holder.pid : undefined;
}

/** Returns the content by which the lock file is known to be ours. */
function take(fileSystem: FileSystem, path: string, depth: number): string {
  const owner = ownIdentity(fileSystem);
  const content = render(owner);
  const temporary = `${path}.${ownerName(owner)}.tmp`;
  try {
    writeText(fileSystem, temporary, content);
    placeLock(fileSystem, { path, temporary }, depth);
  } catch (fault) {
    removeIfPossible(fileSystem, temporary);
    throw fault;
  }
  removeIfThere(fileSystem, temporary);
  return content;
}

/** Puts the file `temporary` at `path`, or throws `LockedError`. */
function placeLock(fileSystem: FileSystem, names: { path: string; temporary: string }, depth: number): void {
  const { path, temporary } = names;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (linked(fileSystem, temporary, path)) return;
    const found = readText(fileSystem, path);
    if (found === undefined) continue;
    const holder = parseLockOwner(found);
    if (depth === DEPTH_MAX || (holder !== undefined && isAlive(fileSystem, path, holder))) {
      throw lockedError(path, holder?.pid ?? 0);
    }
    if (takeOver(fileSystem, { path, found, holder, temporary }, depth)) return;
  }
  throw lockedError(path, 0);
}

interface DeadLock {
  readonly path: string;
  readonly found: string;
  readonly holder: LockOwner | undefined;
  readonly temporary: string;
}

/** Replaces a dead holder's file by `temporary`, unless somebody else has been faster. */
function takeOver(fileSystem: FileSystem, dead: DeadLock, depth: number): boolean {
  const right = `${dead.path}.${dead.holder === undefined ? 'damaged' : ownerName(dead.holder)}`;
  const rightContent = take(fileSystem, right, depth + 1);
  try {
    if (readText(fileSystem, dead.path) !== dead.found) return false;
    fileSystem.rename(dead.temporary, dead.path);
    return true;
  } finally {
    drop(fileSystem, right, rightContent);
  }
}

function removeDeadAttempts(fileSystem: FileSystem, path: string): void {
  const lockName = basename(path);
  for (const name of fileSystem.list(dirname(path))) {
    if (name === lockName || !isLockFileName(name, lockName)) continue;
    const attempt = join(dirname(path), name);
    const owner = parseLockOwner(readText(fileSystem, attempt) ?? '');
    if (owner !== undefined && !isAlive(fileSystem, attempt, owner)) removeIfThere(fileSystem, attempt);
  }
}

function drop(fileSystem: FileSystem, path: string, content: string): void {
  if (readText(fileSystem, path) === content) removeIfThere(fileSystem, path);
}

function ownIdentity(fileSystem: FileSystem): LockOwner {
  const start = processState(fileSystem, process.pid)?.start ?? '';
  return { pid: process.pid, start, taking: `${threadId}-${++here.takings}` };
}

function ownerName(owner: LockOwner): string {
  return `${owner.pid}-${owner.start}-${owner.taking}`;
}

function render(owner: LockOwner): string {
  return `${FIRST_LINE}\npid ${owner.pid}\nstart ${owner.start}\ntaking ${owner.taking}\n`;
}

/** Undefined for what is not the content of a lock file. */
export function parseLockOwner(content: string): LockOwner | undefined {
  const match = /^varve lock 1\npid (\d{1,10})\nstart ([0-9a-z-]*)\ntaking (\d+-\d+)\n$/.exec(content);
  return match === null ? undefined : { pid: Number(match[1]), start: match[2]!, taking: match[3]! };
}

function isAlive(fileSystem: FileSystem, path: string, holder: LockOwner): boolean {
  const own = ownIdentity(fileSystem);
  // A file of this very thread that is not registered could not be removed when its lock was released.
  if (holder.pid === own.pid && holder.start === own.start && holder.taking.startsWith(`${threadId}-`)) {
    return here.held.has(path);
  }
  try {
    process.kill(holder.pid, 0);
  } catch (fault) {
    // EPERM: the process is there, but belongs to somebody else.
    if (fault instanceof Error && 'code' in fault && fault.code === 'ESRCH') return false;
  }
  const state = processState(fileSystem, holder.pid);
  if (state === undefined) return true;
  return !state.ended && (holder.start === '' || state.start === holder.start);
}

/**
 * Reads `/proc/<pid>/stat` (proc(5)): field 3 is the state, field 22 the start in clock ticks since boot. The boot's id
 * is part of the result, since ticks begin anew with it. Undefined where there is no such file system.
 */
function processState(fileSystem: FileSystem, pid: number): { start: string; ended: boolean } | undefined {
  const text = readProcFile(fileSystem, `/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // Field 2, the command in parentheses, may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = fields[19];
  if (ticks === undefined) return undefined;
  const boot = readProcFile(fileSystem, '/proc/sys/kernel/random/boot_id')?.slice(0, 8) ?? '';
  return { start: `${ticks}-${boot}`, ended: fields[0] === 'Z' || fields[0] === 'X' };
}

function linked(fileSystem: FileSystem, from: string, to: string): boolean {
  try {
    fileSystem.link(from, to);
    return true;
  } catch (fault) {
    if (fault instanceof IoError && fault.errno === 'EEXIST') return false;
    throw fault;
  }
}

function writeText(fileSystem: FileSystem, path: string, text: string): void {
  removeIfThere(fileSystem, path);
  const file = fileSystem.open(path, 'create');
  try {
    file.write(utf8Encode(text), 0);
  } finally {
    file.close();
  }
}

/** Content of a small file, or undefined when there is none. Bytes that are not text read as some other text. */
function readText(fileSystem: FileSystem, path: string): string | undefined {
  try {
    const file = fileSystem.open(path, 'read');
    try {
      const buffer = new Uint8Array(CONTENT_BYTES_MAX);
      return new TextDecoder().decode(buffer.subarray(0, file.read(buffer, 0)));
    } finally {
      file.close();
    }
  } catch (fault) {
    if (fault instanceof IoError && fault.errno === 'ENOENT') return undefined;
    throw fault;
  }
}

/** Undefined whenever the system does not tell: no such file system, hidden processes, or a process ending just now. */
function readProcFile(fileSystem: FileSystem, path: string): string | undefined {
  try {
    return readText(fileSystem, path);
  } catch (fault) {
    if (fault instanceof IoError) return undefined;
    throw fault;
  }
}

function removeIfThere(fileSystem: FileSystem, path: string): void {
  try {
    fileSystem.unlink(path);
  } catch (fault) {
    if (!(fault instanceof IoError && fault.errno === 'ENOENT')) throw fault;
  }
}

/** For the way out of a fault, which a second one must not hide. */
function removeIfPossible(fileSystem: FileSystem, path: string): void {
  try {
    removeIfThere(fileSystem, path);
  } catch (fault) {
    if (!(fault instanceof IoError)) throw fault;
  }
}

function lockedError(path: string, pid: number): LockedError {
  const who = pid === process.pid ? 'this process' : pid === 0 ? 'another process' : `process ${pid}`;
  return new LockedError(`${path} is held by ${who}`, { facts: { path, pid } });
}
