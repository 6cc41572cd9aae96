/**
 * Errors between threads. Structured cloning keeps the classes of the language but not ours, nor their fields: those travel
 * as records and are made again on arrival, with class, code, facts, cause, and the stack of the thread that threw.
 */

import {
  ClosedError,
  CorruptionError,
  InvalidArgumentError,
  InvariantError,
  IoError,
  LimitError,
  VarveError,
  type VarveErrorOptions,
} from '../../base/index.js';

/** Plain data that a message to another thread may hold. */
export interface ErrorRecord {
  /** Of a `VarveError`, or 'invariant', or 'other'. */
  readonly code: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly sqlState?: string | undefined;
  readonly retryable?: boolean;
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: ErrorRecord | undefined;
  /** An error of the language or of Node, which cloning keeps. */
  readonly other?: unknown;
}

/** The errors that jobs end with, apart from `IoError`, whose constructor is of its own kind. */
const CLASSES: Readonly<Record<string, new (message: string, options: VarveErrorOptions) => VarveError>> = {
  VARVE_CLOSED: ClosedError,
  VARVE_CORRUPTION: CorruptionError,
  VARVE_INVALID_ARGUMENT: InvalidArgumentError,
  VARVE_LIMIT: LimitError,
};

export function encodeError(error: unknown): ErrorRecord {
  if (error instanceof VarveError) {
    const { code, message, stack, sqlState, retryable, facts } = error;
    const cause = error.cause === undefined ? undefined : encodeError(error.cause);
    return { code, message, stack, sqlState, retryable, facts, cause };
  }
  if (error instanceof InvariantError) return { code: 'invariant', message: error.message, stack: error.stack };
  return { code: 'other', message: String(error), stack: undefined, other: error };
}

export function decodeError(record: ErrorRecord): unknown {
  if (record.code === 'other') return record.other;
  const error = makeError(record);
  if (record.stack !== undefined) error.stack = record.stack;
  return error;
}

function makeError({ code, message, sqlState, retryable, facts = {}, ...record }: ErrorRecord): Error {
  const cause = record.cause === undefined ? undefined : decodeError(record.cause);
  if (code === 'VARVE_IO') {
    return new IoError({
      operation: String(facts.operation),
      path: String(facts.path),
      errno: String(facts.errno),
      cause,
    });
  }
  const Class = CLASSES[code];
  if (Class === undefined) return new InvariantError(message);
  return new Class(message, {
    cause,
    facts,
    retryable: retryable ?? false,
    ...(sqlState === undefined ? {} : { sqlState }),
  });
}
