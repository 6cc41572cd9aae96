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

/** A limit was met. */
export class LimitError extends VarveError {
  readonly code = 'VARVE_LIMIT';
  /** Path of the option in `DatabaseOptions`, such as `limits.keyBytes`; of a limit that no option sets, its name. */
  readonly limit: string | undefined;
  /** The most that is allowed, in the unit of the option. */
  readonly max: number | undefined;
  /** How much there was; undefined where counting stopped at the limit. */
  readonly found: number | undefined;

  constructor(message: string, options: VarveErrorOptions = {}) {
    super(message, options);
    const { limit, max, found } = this.facts;
    this.limit = typeof limit === 'string' ? limit : undefined;
    this.max = typeof max === 'number' ? max : undefined;
    this.found = typeof found === 'number' ? found : undefined;
  }

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

/** Where in a SQL text something is wrong. */
export interface SqlSyntaxFacts {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** The offending token as written; empty at the end of the text. */
  readonly token: string;
}

/** SQL text that does not parse. The message shows the line with a caret under the place. */
export class SqlSyntaxError extends VarveError implements SqlSyntaxFacts {
  readonly code = 'VARVE_SQL_SYNTAX';
  readonly line: number;
  readonly column: number;
  readonly token: string;

  constructor(
    message: string,
    options: VarveErrorOptions & { readonly facts: SqlSyntaxFacts & Readonly<Record<string, unknown>> },
  ) {
    super(message, options);
    this.line = options.facts.line;
    this.column = options.facts.column;
    this.token = options.facts.token;
  }
}

/** SQL that parses but makes no sense here: unknown table or column, type mismatch, … */
export class SqlSemanticError extends VarveError {
  readonly code = 'VARVE_SQL_SEMANTIC';
}

/** The rule that a row would break. */
export interface ConstraintFacts {
  readonly table: string;
  /** Name of the index behind a primary key or UNIQUE; `not null` for a column that must have a value. */
  readonly constraint: string;
  readonly columns: readonly string[];
}

/** A row would break a constraint. Nothing was applied. */
export class ConstraintError extends VarveError implements ConstraintFacts {
  readonly code = 'VARVE_CONSTRAINT';
  readonly table: string;
  readonly constraint: string;
  readonly columns: readonly string[];

  constructor(
    message: string,
    options: VarveErrorOptions & { readonly facts: ConstraintFacts & Readonly<Record<string, unknown>> },
  ) {
    super(message, options);
    this.table = options.facts.table;
    this.constraint = options.facts.constraint;
    this.columns = options.facts.columns;
  }
}
