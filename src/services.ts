/** The layers of one open database, as its facades (`Database`, transactions, snapshots) share them. */

import type { TransactionalStore } from './mvcc/index.js';
import type { Orm } from './orm/index.js';
import type { SqlDatabase } from './sql/index.js';
import type { JobExecutor } from './storage/index.js';
import type { Environment } from './vfs/index.js';

export interface Services {
  readonly environment: Environment;
  readonly executor: JobExecutor;
  readonly store: TransactionalStore;
  readonly sql: SqlDatabase;
  readonly orm: Orm;
}
