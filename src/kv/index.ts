/** The key-value API: typed keys and values over the transactional byte store. */

export type { BulkLoadOptions, BulkLoadProgress, BulkLoadReport } from './bulk-load-run.js';
export { CodecRecords, type NamedCodecs } from './codec-records.js';
export { BlobContent, type ByteRange } from './blobs/blob-content.js';
export { BlobReader } from './blobs/blob-reader.js';
export type { BlobInfo } from './blobs/blob-record.js';
export type { BlobSource } from './blobs/blob-source.js';
export { type BlobDescription, type BlobPutOptions, Blobs, type BlobServices, snapshotBlobs } from './blobs/blobs.js';
export { Uploads } from './blobs/upload.js';
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
  type PutOptions,
  type RangeOptions,
  type ScanOptions,
} from './keyspace.js';
export { defaultKeyspace, type KeyspaceOptions, namedKeyspace, splitKeyspaceKey } from './layouts.js';
export { type Change, type ChangesOptions, type Commit, StoreKeyspace, type StoreSink } from './store-keyspace.js';
export { TransactionKeyspace } from './transaction-keyspace.js';
export { ambientSink, RecordingTransactionSink, recordingStoreSink, storeSink, TransactionSink } from './sinks.js';
