/**
 * Every error that Varve throws on purpose. One class per family; `code` is stable API, `facts` carries the evidence
 * as data, and the message repeats it for people.
 */

export interface VarveErrorOptions {
  readonly cause?: unknown;
  /** Five-character SQLSTATE, where the SQL standard or PostgreSQL names the situation. */
  readonly sqlState?: string;
  /** True when the same call may succeed if simply made again. */
  readonly retryable?: boolean;
  /** Machine-readable evidence: file, offset, expected, found, limit, … */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Base of all errors raised by Varve. Never thrown itself; catch it to catch them all. */
export abstract class VarveError extends Error {
  abstract readonly code: `VARVE_${string}`;
  readonly sqlState: string | undefined;
  readonly retryable: boolean;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(message: string, options: VarveErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.sqlState = options.sqlState;
    this.retryable = options.retryable ?? false;
    this.facts = options.facts ?? {};
  }
}

/** The caller passed something that can never work: wrong type, unknown option, misuse of an API. */
export class InvalidArgumentError extends VarveError {
  readonly code = 'VARVE_INVALID_ARGUMENT';
}

/** A configured limit was met. `facts.limit` names the option, `facts.max` and `facts.found` are in its unit. */
export class LimitError extends VarveError {
  readonly code = 'VARVE_LIMIT';

  /** Builds the usual message from the limit's option name and the two numbers. */
  static exceeded(limit: string, found: number, max: number, unit: string): LimitError {
    return new LimitError(`${limit} exceeded: ${found} ${unit}, at most ${max} ${unit} are allowed`, {
      sqlState: '54000',
      facts: { limit, found, max, unit },
    });
  }
}

/** A serializable or snapshot transaction lost against a commit made after its snapshot. Nothing was applied. */
export class ConflictError extends VarveError {
  readonly code = 'VARVE_CONFLICT';

  constructor(message: string, options: VarveErrorOptions = {}) {
    super(message, { sqlState: '40001', retryable: true, ...options });
  }
}

/** A transaction, savepoint, snapshot or iterator was used after its end. */
export class TransactionClosedError extends VarveError {
  readonly code = 'VARVE_TRANSACTION_CLOSED';

  constructor(message: string, options: VarveErrorOptions = {}) {
    super(message, { sqlState: '25P01', ...options });
  }
}

/** `timeoutMs` passed before the work was done. Nothing of it was applied. */
export class TimeoutError extends VarveError {
  readonly code = 'VARVE_TIMEOUT';
}

/** The database (or file) was closed, or stopped itself after an I/O error; `cause` then holds that error. */
export class ClosedError extends VarveError {
  readonly code = 'VARVE_CLOSED';
}

/** Another process, or another handle in this one, holds the database. */
export class LockedError extends VarveError {
  readonly code = 'VARVE_LOCKED';
}

/** Stored bytes are not what was written. `facts` names file, offset, expected and found. */
export class CorruptionError extends VarveError {
  readonly code = 'VARVE_CORRUPTION';

  /** The message every damaged byte is reported with. `offset` is in bytes from the start of `file`. */
  static at(file: string, offset: number, what: { expected: string; found: string }, cause?: unknown): CorruptionError {
    return new CorruptionError(`${file}: damaged at offset ${offset}: expected ${what.expected}, found ${what.found}`, {
      sqlState: 'XX001',
      cause,
      facts: { file, offset, expected: what.expected, found: what.found },
    });
  }
}

/** The operating system refused a file operation. `facts` holds `operation`, `path` and `errno` (such as `ENOSPC`). */
export class IoError extends VarveError {
  readonly code = 'VARVE_IO';
  readonly operation: string;
  readonly path: string;
  /** The system's name for the fault: `EIO`, `ENOSPC`, `ENOENT`, … */
  readonly errno: string;

  constructor(fault: { operation: string; path: string; errno: string; cause?: unknown }) {
    super(`${fault.operation} ${fault.path}: ${fault.errno}`, {
      sqlState: '58030',
      cause: fault.cause,
      facts: { operation: fault.operation, path: fault.path, errno: fault.errno },
    });
    this.operation = fault.operation;
    this.path = fault.path;
    this.errno = fault.errno;
  }
}

/** SQL text that does not parse. Carries the position (1-based), the offending token and a caret drawing. */
export class SqlSyntaxError extends VarveError {
  readonly code = 'VARVE_SQL_SYNTAX';
}

/** SQL that parses but makes no sense here: unknown table or column, type mismatch, … */
export class SqlSemanticError extends VarveError {
  readonly code = 'VARVE_SQL_SEMANTIC';
}

/** A row would break a constraint. `facts` holds `table`, `constraint` and `columns`. Nothing was applied. */
export class ConstraintError extends VarveError {
  readonly code = 'VARVE_CONSTRAINT';
}
