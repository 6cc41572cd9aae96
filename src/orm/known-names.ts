/**
 * Options that nobody reads are refused, never ignored: a misspelt one would silently mean something else. A table of
 * known names is keyed by the interface it belongs to, so that the compiler keeps the two equal.
 */

import { checkOptionNames, InvalidArgumentError } from '../base/index.js';

/** The names of an interface of options. */
export type KnownNames<Options> = Readonly<Record<keyof Options, true>>;

/** Throws `InvalidArgumentError` for unknown names and for anything but an object; undefined stands for no options. */
export function requireKnownNames<Options>(subject: string, value: unknown, known: KnownNames<Options>): void {
  checkOptionNames(subject, value, Object.keys(known));
}

/** Gathers what is wrong in several places, to throw one `InvalidArgumentError` (`facts.problems`) for all of them. */
export class NameCheck {
  readonly #problems: string[] = [];

  /** `value` must be an object whose names are all known. True when it is. */
  object<Options>(subject: string, value: unknown, known: KnownNames<Options>): boolean {
    const names = Object.keys(known);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.problem(`${subject} must be an object with ${names.join(', ')}`);
      return false;
    }
    const unknown = Object.keys(value).filter((name) => !Object.hasOwn(known, name));
    if (unknown.length > 0) {
      this.problem(
        `${subject} has no ${unknown.map((name) => JSON.stringify(name)).join(', ')}; it has ${names.join(', ')}`,
      );
    }
    return unknown.length === 0;
  }

  /** `value` must be one of the names. */
  oneOf(subject: string, value: unknown, known: object): void {
    if (typeof value === 'string' && Object.hasOwn(known, value)) return;
    this.problem(
      `${subject} must be one of ${Object.keys(known).join(', ')}; found ${JSON.stringify(value) ?? String(value)}`,
    );
  }

  problem(text: string): void {
    this.#problems.push(text);
  }

  throwIfAny(): void {
    if (this.#problems.length === 0) return;
    throw new InvalidArgumentError(this.#problems.join('\n'), { facts: { problems: this.#problems } });
  }
}
