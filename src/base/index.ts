/** Foundation without state or I/O: errors, bytes, codecs, checksums, and time and randomness as dependencies. */

export { assert, InvariantError, unreachable } from './assert.js';
export { ByteReader, type MalformedInput } from './byte-reader.js';
export { ByteWriter } from './byte-writer.js';
export {
  compareByteRanges,
  compareBytes,
  concatBytes,
  EMPTY_BYTES,
  equalBytes,
  hexPreview,
  keyAfter,
  prefixEnd,
  utf8Decode,
  utf8Encode,
} from './bytes.js';
export { checksumText, ownedChecksum, placedChecksum } from './checksum.js';
export { type Clock, ForwardClock, ManualClock, type Scheduler, systemClock, systemScheduler } from './clock.js';
export {
  ClosedError,
  ConflictError,
  ConstraintError,
  type ConstraintFacts,
  CorruptionError,
  InvalidArgumentError,
  IoError,
  LimitError,
  LockedError,
  SqlSemanticError,
  SqlSyntaxError,
  type SqlSyntaxFacts,
  TimeoutError,
  TransactionClosedError,
  VarveError,
  type VarveErrorOptions,
} from './errors.js';
export { hashBytes } from './hash.js';
export { checkOptionNames, kindOf } from './option-names.js';
export { type Placed, PlacedSet } from './placed-set.js';
export { type Random, randomBelow, seededRandom, systemRandom } from './random.js';
export {
  type BoundedRange,
  higherLower,
  intersectRanges,
  lowerUpper,
  type KeyRange,
  prefixRange,
  rangeContains,
  rangeIsEmpty,
} from './range.js';
export {
  appendTuple,
  appendTuplePart,
  decodeTuple,
  encodeTuple,
  type Tuple,
  type TuplePart,
  tuplePrefixRange,
  TupleReader,
} from './tuple-codec.js';
export { decodeValue, encodeValue } from './value-codec.js';
