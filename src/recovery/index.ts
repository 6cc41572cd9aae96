/** Opening databases after anything that may have happened to them; copies of them; and checking them. */

export { backup, type BackupReport } from './backup.js';
export { BACKUP_NAME, BACKUP_TEMPORARY_NAME, type BackupList, decodeBackupList } from './backup-list.js';
export { checkpoint, type CheckpointReport } from './checkpoint.js';
export { openEngine, type OpenEngineOptions, type RecoveryReport } from './open-engine.js';
export { restore, type RestoreReport } from './restore.js';
export { isVouchedFor } from './log-replay.js';
export { verify, type VerifyReport } from './verify.js';
