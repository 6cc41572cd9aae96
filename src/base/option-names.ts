/** Options objects come from untyped callers too: a misspelt option must not be taken for the default. */

import { InvalidArgumentError } from './errors.js';

/**
 * Throws `InvalidArgumentError` unless `options` is undefined or an object that has no other names than `known`.
 * `subject` says whose options they are: `'options of a scan'`.
 */
export function checkOptionNames(subject: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidArgumentError(`${subject} must be an object, found ${kindOf(options)}`, {
      facts: { expected: 'object', found: kindOf(options) },
    });
  }
  // Not `Object.keys`, which makes a list: this is asked for every operation of a batch.
  for (const name in options) {
    if (known.includes(name) || !Object.hasOwn(options, name)) continue;
    throw new InvalidArgumentError(`${subject} do not include ${JSON.stringify(name)}: known are ${known.join(', ')}`, {
      facts: { option: name, known },
    });
  }
}

/** What a value is, in a word, for messages about a value of the wrong kind. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
