/** Makes `SqlSyntaxError`: what was found, what was expected, and the line with a caret under the place. */

import type { IToken } from 'chevrotain';
import { SqlSyntaxError } from '../../base/index.js';
import type { SourceSpan } from '../ast/index.js';

/** A place in a text that may be its end. */
export interface FaultPlace extends SourceSpan {
  /** The offending token as written; empty at the end of the text. */
  readonly token: string;
}

export function placeOfToken(token: IToken): FaultPlace {
  return {
    line: token.startLine!,
    column: token.startColumn!,
    offset: token.startOffset,
    length: token.image.length,
    token: token.image,
  };
}

/** The place of the code unit at `offset`; the end of the text when it lies there. */
export function placeOfOffset(text: string, offset: number, length: number): FaultPlace {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++;
  return { line, column: offset - lineStart + 1, offset, length, token: text.slice(offset, offset + length) };
}

export interface SyntaxFault {
  /** What is wrong, without the place: `expected a name, found ","`. */
  readonly problem: string;
  readonly place: FaultPlace;
  /** Default: 42601, syntax error. */
  readonly sqlState?: string;
}

/** Widest excerpt of the source line that a message shows, in code units. */
const EXCERPT_WIDTH = 120;

export function syntaxError(text: string, { problem, place, sqlState = '42601' }: SyntaxFault): SqlSyntaxError {
  const { line, column, token, offset } = place;
  return new SqlSyntaxError(`line ${line}, column ${column}: ${problem}\n${drawing(text, place)}`, {
    sqlState,
    facts: { line, column, token, offset },
  });
}

/** `found` as it reads in a message. */
export function foundText(place: FaultPlace): string {
  if (place.token === '') return 'the end of the text';
  return `"${place.token.length > 40 ? `${place.token.slice(0, 40)}…` : place.token}"`;
}

export function drawing(text: string, { line, column, offset, length }: FaultPlace): string {
  const lineStart = offset - (column - 1);
  const lineEnd = endOfLine(text, offset);
  const from = Math.max(lineStart, Math.min(offset - EXCERPT_WIDTH / 2, lineEnd - EXCERPT_WIDTH));
  const to = Math.min(lineEnd, from + EXCERPT_WIDTH);
  const label = `${line} | ${from > lineStart ? '…' : ''}`;
  const excerpt = `${text.slice(from, to)}${to < lineEnd ? '…' : ''}`;
  // Tabs are kept in the padding, so that the caret stays under its token whatever their width.
  const padding = ' '.repeat(label.length) + text.slice(from, offset).replaceAll(/[^\t]/g, ' ');
  return `${label}${excerpt}\n${padding}${'^'.repeat(Math.max(1, Math.min(length, to - offset)))}`;
}

function endOfLine(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset);
  const end = newline < 0 ? text.length : newline;
  return text[end - 1] === '\r' && end > offset ? end - 1 : end;
}
