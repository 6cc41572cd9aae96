/** A database as recovery hands it to the engine. */

import type { FileLock } from '../../vfs/index.js';
import type { Timestamp } from '../entry.js';
import type { LogWriter } from '../log/log-writer.js';
import type { CommitTime } from '../version/commit-times.js';
import type { DatabaseState, ManifestWriter } from '../version/manifest.js';
import type { SealedMemtable } from './memtable-stack.js';

/** What recovery found and prepared. */
export interface RecoveredEngine {
  readonly directory: string;
  readonly lock: FileLock;
  readonly state: DatabaseState;
  /** Undefined, with `log`, when opened read-only. */
  readonly manifest: ManifestWriter | undefined;
  /** The empty segment that `state.logNumber` names. */
  readonly log: LogWriter | undefined;
  /** Newest first; what read-only recovery replayed. */
  readonly memtables: readonly SealedMemtable[];
  readonly lastTimestamp: Timestamp;
  /** When the commits were made, those in `memtables` included. */
  readonly times: readonly CommitTime[];
}
