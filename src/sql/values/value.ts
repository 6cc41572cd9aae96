/**
 * What a SQL value is while a statement runs. The static type (`SqlType`) is always known beside it, so a value carries
 * no tag:
 *
 * | type                    | value                                                                              |
 * |-------------------------|------------------------------------------------------------------------------------|
 * | BOOLEAN                 | boolean                                                                            |
 * | SMALLINT, INTEGER       | number                                                                             |
 * | BIGINT                  | number when safe (below 2^53 in magnitude), else bigint; never a safe bigint       |
 * | REAL, DOUBLE PRECISION  | number (REAL rounded to 32 bits); NaN and infinities allowed                       |
 * | TEXT, VARCHAR, UUID     | string, well-formed UTF-16; a UUID in lower case with hyphens                      |
 * | BYTEA                   | Uint8Array, never changed once it is a value                                       |
 * | DATE                    | number: days since 1970-01-01                                                      |
 * | TIMESTAMP, TIMESTAMPTZ  | number: milliseconds since 1970-01-01 00:00 UTC                                    |
 * | JSON, JSONB             | string: JSON text; JSONB in canonical form (sorted keys, no spaces)                |
 *
 * Negative zero does not occur: equal values are identical, apart from bytes.
 */
export type SqlValue = boolean | number | bigint | string | Uint8Array | null;

/** A value that is not NULL. */
export type Datum = Exclude<SqlValue, null>;

/** What an expression may know besides its row. */
export interface EvaluationContext {
  /** The statement's one wall-clock reading, milliseconds since the epoch: `now()` is constant within it. */
  readonly nowMs: number;
}
