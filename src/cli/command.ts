/** What every command gets besides its own arguments. */

import type { Output } from './output.js';

export interface CommandContext {
  readonly output: Output;
  /** JSON instead of text. */
  readonly json: boolean;
  /** Says something on stderr that the exit code has to tell as well. */
  readonly problem: (error: Error) => void;
}
