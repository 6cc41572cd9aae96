/** The engine as flush and compaction see it. */

import type { Environment } from '../../vfs/index.js';
import type { JobExecutor } from '../compaction/job.js';
import type { TreePolicy } from '../compaction/tree-shape.js';
import type { RetentionPolicy } from '../compaction/retention.js';
import type { TableFormat } from '../table/table-writer.js';
import type { LogChain } from '../log/log-chain.js';
import type { CommitTimes } from '../version/commit-times.js';
import type { VersionSet } from '../version/version-set.js';
import type { EventListener } from './engine-options.js';
import type { Gate } from './gate.js';
import type { MemtableStack } from './memtable-stack.js';
import type { ValueLog } from './value-log.js';

/** What maintenance needs of the engine around it. */
export interface MaintenanceHost {
  readonly directory: string;
  readonly format: TableFormat;
  readonly tableBytes: number;
  readonly policy: TreePolicy;
  readonly gate: Gate;
  readonly memtables: MemtableStack;
  readonly versions: VersionSet;
  readonly executor: JobExecutor;
  readonly retention: RetentionPolicy;
  readonly listener: EventListener;
  readonly times: CommitTimes;
  readonly valueLog: ValueLog;
  readonly environment: Pick<Environment, 'scheduler'>;
  /** Seals the active memtable and flushes it; does not wait. */
  flush(): void;
  /** Where commits go. */
  log(): LogChain;
  /** Told after a sealed memtable went to a table, and after merges. */
  madeRoom(): void;
}
