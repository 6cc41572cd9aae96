/** The layers of one open database, as its facades (`Database`, transactions, snapshots) share them. */

import type { AmbientTransaction } from './ambient-transaction.js';
import type { CodecRecords, Uploads } from './kv/index.js';
import type { TransactionalStore } from './mvcc/index.js';
import type { Orm } from './orm/index.js';
import type { SqlDatabase } from './sql/index.js';
import type { JobExecutor } from './storage/index.js';
import type { Environment } from './vfs/index.js';

export interface Services {
  readonly environment: Environment;
  readonly executor: JobExecutor;
  /** True when nothing of the database is in any file. */
  readonly inMemory: boolean;
  readonly store: TransactionalStore;
  /** Undefined unless `ambientTransactions` is set. */
  readonly ambient: AmbientTransaction | undefined;
  /** Codecs of named keyspaces. */
  readonly keyspaces: CodecRecords;
  /** Contents of blobs on their way in. */
  readonly uploads: Uploads;
  readonly sql: SqlDatabase;
  readonly orm: Orm;
}
