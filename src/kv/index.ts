/** The key-value API: typed keys and values over the transactional byte store. */

export { CodecRecords, type NamedCodecs } from './codec-records.js';
export {
  type KeyCodec,
  type KeyCodecName,
  type KeyIn,
  type KeyOut,
  keyCodecs,
  type TupleKey,
  type ValueCodec,
  type ValueCodecName,
  type ValueOf,
  valueCodecs,
} from './codecs.js';
export { describeKey } from './key-description.js';
export {
  type BatchOperation,
  Keyspace,
  type KeyspaceLayout,
  KeyspaceReader,
  type KeyspaceSink,
  type KeyspaceSource,
  type Mutations,
  type ScanOptions,
} from './keyspace.js';
export { defaultKeyspace, type KeyspaceOptions, namedKeyspace } from './layouts.js';
export { type Change, type ChangesOptions, type Commit, StoreKeyspace } from './store-keyspace.js';
export { TransactionKeyspace } from './transaction-keyspace.js';
export { ambientSink, recordingStoreSink, recordingTransactionSink, storeSink, transactionSink } from './sinks.js';
