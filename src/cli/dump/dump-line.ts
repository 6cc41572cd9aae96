/** The unit of a dump: one line of text, and the same as data for `--json`. */

import type { VarveError } from '../../index.js';
import type { DamageItem, HeaderItem, TornTailItem } from '../../storage/index.js';

export interface DumpLine {
  readonly text: string;
  readonly data: { readonly item: string } & Readonly<Record<string, unknown>>;
  /** True for what `--limit` counts. */
  readonly isEntry?: boolean;
  /** Set when something does not decode. */
  readonly error?: Error;
}

/** `offset  what  facts`, in columns. */
export function placedText(offset: number, what: string, facts: string): string {
  return `${String(offset).padStart(12)}  ${what.padEnd(10)} ${facts}`;
}

export function nestedText(what: string, facts: string): string {
  return `${' '.repeat(14)}${what.padEnd(10)} ${facts}`;
}

/** A range that was cleared, of keys in their text form. The end is not part of it. */
export function clearLine(cleared: { start: string; end: string; timestamps: readonly number[] }): DumpLine {
  const { start, end, timestamps } = cleared;
  return {
    text: nestedText('clear', `${start} up to ${end} @${timestamps.join(', ')}`),
    data: { item: 'entry', kind: 'clear', key: start, end, timestamps },
    isEntry: true,
  };
}

export function headerLine({ item, magic, version, number }: HeaderItem): DumpLine {
  const facts = `${magic} version ${version}, number ${number}, checksum ok`;
  return { text: placedText(0, 'header', facts), data: { item, offset: 0, magic, version, number, checksum: 'ok' } };
}

export function damageLine({ item, error }: DamageItem): DumpLine {
  const { code, facts } = 'code' in error ? error : { code: error.name, facts: {} };
  const offset = (facts as VarveError['facts'])['offset'];
  return {
    text:
      typeof offset === 'number' ? placedText(offset, 'DAMAGED', error.message) : nestedText('DAMAGED', error.message),
    data: { item, code, message: error.message, ...facts },
    error,
  };
}

export function tornTailLine({ item, offset, bytes, error }: TornTailItem): DumpLine {
  const facts = `${bytes} bytes left incomplete by a crash; the next open cuts them off (${error.message})`;
  return { text: placedText(offset, 'torn tail', facts), data: { item, offset, bytes, message: error.message } };
}

/** What the wall clock showed; a number where no calendar has the day. */
export function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}
