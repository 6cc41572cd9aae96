/** Where a node stood in the SQL text, so that an error found long after parsing can still point at it. */

export interface SourceSpan {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
  /** 0-based position of the first code unit in the text. */
  readonly offset: number;
  /** Code units covered. */
  readonly length: number;
}
