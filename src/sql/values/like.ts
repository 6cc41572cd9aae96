/**
 * LIKE without backtracking. A pattern is cut at its `%` into segments. The first and last are anchored; between them
 * each segment takes its leftmost place after the one before, which is never wrong because a `%` absorbs what is left.
 *
 * Cost for n characters of text and a segment of m: short segments without `_` use the engine's string search, bounded
 * by m ≤ 8 comparisons per position; the others run Shift-And (Baeza-Yates and Gonnet, "A New Approach to Text
 * Searching", 1992), n·⌈m/32⌉ word operations however the text and pattern conspire.
 */

import { SqlSemanticError } from '../../base/index.js';

/** `_`: any one character. */
const ANY = -1;
const SHORT_SEGMENT = 8;

type Segment = readonly number[];

interface Pattern {
  /** At least one; exactly one means no `%`. Only the first and last may be empty. */
  readonly segments: readonly Segment[];
}

export interface LikeMatcherOptions {
  /** One character, or empty for none. Default: backslash. */
  readonly escape?: string;
  readonly caseInsensitive?: boolean;
}

/** Compiles a pattern once. Throws 22025 for a pattern that ends in its escape, 22019 for an escape of several characters. */
export function likeMatcher(pattern: string, options: LikeMatcherOptions = {}): (text: string) => boolean {
  const { escape = '\\', caseInsensitive = false } = options;
  const compiled = compile(caseInsensitive ? pattern.toLowerCase() : pattern, escape);
  const match = isPlain(compiled) ? plainMatcher(compiled) : wildMatcher(compiled);
  return caseInsensitive ? (text) => match(text.toLowerCase()) : match;
}

function compile(pattern: string, escape: string): Pattern {
  const escapeCode = [...escape].length > 1 ? badEscape(escape) : escape.codePointAt(0);
  const segments: number[][] = [[]];
  const characters = codePoints(pattern);
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    const current = segments[segments.length - 1]!;
    if (character === escapeCode) {
      i++;
      if (i === characters.length) throw endsInEscape(pattern);
      current.push(characters[i]!);
    } else if (character === 0x25) {
      // Several % in a row are one.
      if (current.length > 0 || segments.length === 1) segments.push([]);
    } else {
      current.push(character === 0x5f ? ANY : character);
    }
  }
  return { segments };
}

function badEscape(escape: string): never {
  throw new SqlSemanticError(`LIKE escape must be one character, found "${escape}"`, {
    sqlState: '22019',
    facts: { found: escape },
  });
}

function endsInEscape(pattern: string): SqlSemanticError {
  return new SqlSemanticError('LIKE pattern must not end with its escape character', {
    sqlState: '22025',
    facts: { pattern },
  });
}

function codePoints(text: string): number[] {
  const points: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i)!;
    if (point > 0xffff) i++;
    points.push(point);
  }
  return points;
}

function isPlain({ segments }: Pattern): boolean {
  return segments.every(
    (segment, index) =>
      !segment.includes(ANY) && (segment.length <= SHORT_SEGMENT || index === 0 || index === segments.length - 1),
  );
}

/** No `_` and only short segments to search for: strings as they are. */
function plainMatcher({ segments }: Pattern): (text: string) => boolean {
  const texts = segments.map((segment) => String.fromCodePoint(...segment));
  const first = texts[0]!;
  if (texts.length === 1) return (text) => text === first;
  const last = texts[texts.length - 1]!;
  const middle = texts.slice(1, -1);
  return (text) => {
    const end = text.length - last.length;
    let at = first.length;
    if (at > end || !text.startsWith(first) || !text.endsWith(last)) return false;
    for (const segment of middle) {
      const found = text.indexOf(segment, at);
      if (found < 0) return false;
      at = found + segment.length;
    }
    return at <= end;
  };
}

/** With `_` or long segments: code points, since `_` stands for a whole character. */
function wildMatcher({ segments }: Pattern): (text: string) => boolean {
  const first = segments[0]!;
  const last = segments[segments.length - 1]!;
  const middle = segments.slice(1, -1).map((segment) => new ShiftAnd(segment));
  return (text) => {
    const characters = codePoints(text);
    if (segments.length === 1) return characters.length === first.length && matchesAt(characters, 0, first);
    const end = characters.length - last.length;
    let at = first.length;
    if (at > end || !matchesAt(characters, 0, first) || !matchesAt(characters, end, last)) return false;
    for (const segment of middle) {
      at = segment.endOfFirst(characters, at, end);
      if (at < 0) return false;
    }
    return true;
  };
}

function matchesAt(characters: readonly number[], at: number, segment: Segment): boolean {
  return segment.every((wanted, index) => wanted === ANY || wanted === characters[at + index]);
}

/** Bit i of the state says that the text read last ends with the segment's first i + 1 characters. */
class ShiftAnd {
  readonly #length: number;
  readonly #words: number;
  /** Per character: the positions it fits. Characters absent from the segment fit where `_` stands. */
  readonly #masks = new Map<number, Int32Array>();
  readonly #anyMask: Int32Array;

  constructor(segment: Segment) {
    this.#length = segment.length;
    this.#words = Math.ceil(segment.length / 32);
    this.#anyMask = new Int32Array(this.#words);
    for (const [index, wanted] of segment.entries()) if (wanted === ANY) setBit(this.#anyMask, index);
    for (const [index, wanted] of segment.entries()) {
      if (wanted === ANY) continue;
      const mask = this.#masks.get(wanted) ?? this.#anyMask.slice();
      setBit(mask, index);
      this.#masks.set(wanted, mask);
    }
  }

  /** The position after the leftmost occurrence within `characters[start, end)`; -1 when there is none. */
  endOfFirst(characters: readonly number[], start: number, end: number): number {
    const state = new Int32Array(this.#words);
    const finalWord = this.#words - 1;
    const finalBit = 1 << ((this.#length - 1) & 31);
    for (let at = start; at < end; at++) {
      const mask = this.#masks.get(characters[at]!) ?? this.#anyMask;
      let carry = 1;
      for (let word = 0; word <= finalWord; word++) {
        const before = state[word]!;
        state[word] = ((before << 1) | carry) & mask[word]!;
        carry = before >>> 31;
      }
      if ((state[finalWord]! & finalBit) !== 0) return at + 1;
    }
    return -1;
  }
}

function setBit(words: Int32Array, index: number): void {
  words[index >> 5]! |= 1 << (index & 31);
}
