/** What a log and a table hold of one key. */

import {
  EntryKind,
  EXPIRY_BYTES,
  expires,
  expiryAt,
  isDeletion,
  placeName,
  pointedLength,
  pointedOffset,
  pointedPlace,
  pointsToValue,
} from '../../storage/index.js';
import { hexText } from '../key-text.js';
import { valueText } from '../value-text.js';
import { timeText } from './dump-line.js';

interface OperationTexts {
  readonly name: string;
  /** What follows the key. */
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** How an operation on a single key is called, and what follows the key: the value or where it lies, and when it ends. */
export function operationTexts(kind: EntryKind, key: Uint8Array, stored: Uint8Array): OperationTexts {
  if (isDeletion(kind)) return { name: kind === EntryKind.Expiry ? 'expire' : 'delete', text: '', data: {} };
  if (!expires(kind)) return { name: 'put', ...valueTexts(kind, key, stored) };
  const { text, data } = valueTexts(kind, key, stored.subarray(EXPIRY_BYTES));
  const expiresAtMs = expiryAt(stored, 0);
  return { name: 'put', text: `${text}, until ${timeText(expiresAtMs)}`, data: { ...data, expiresAtMs } };
}

function valueTexts(kind: EntryKind, key: Uint8Array, value: Uint8Array): Omit<OperationTexts, 'name'> {
  if (!pointsToValue(kind)) {
    return { text: `  ${valueText(key, value)}`, data: { valueBytes: value.length, value: hexText(value) } };
  }
  const place = { file: placeName(pointedPlace(value, 0)), offset: pointedOffset(value, 0) };
  const valueBytes = pointedLength(value, 0);
  return {
    text: `  ${valueBytes} bytes at ${place.offset} of ${place.file}`,
    data: { valueBytes, valueFile: place.file, valueOffset: place.offset },
  };
}
