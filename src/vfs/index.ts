/** Files behind one contract (`file-system.ts`): the real ones, and ones in memory that can lose power. */

export { type AtomicFileNames, replaceFile } from './atomic-file.js';
export { closeAll } from './close-all.js';
export { CRASH_MODES, type CrashMode } from './crash-image.js';
export { createDurableDirectory } from './durable-directory.js';
export { type Environment, systemEnvironment } from './environment.js';
export type { File, FileLock, FileStat, FileSystem, OpenMode } from './file-system.js';
export { MemFileSystem, type MemFileSystemOptions } from './mem-file-system.js';
export { NodeFileSystem } from './node-file-system.js';
export { isLockFileName, type LockOwner, parseLockOwner } from './process-lock.js';
