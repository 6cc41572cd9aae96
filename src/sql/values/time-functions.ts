/** Functions on dates and timestamps, in UTC. `now()` reads the statement's clock, never the machine's. */

import { daysFromMs, MS_PER_DAY } from './calendar.js';
import type { ScalarSignature } from './function-signature.js';
import { DATE, DOUBLE, type SqlType, TEXT, TIMESTAMP, TIMESTAMPTZ } from './sql-type.js';
import { extractField, truncateTime } from './time-field.js';

function extractFrom(type: SqlType): ScalarSignature {
  const unitMs = type.name === 'date' ? MS_PER_DAY : 1;
  return {
    parameters: [TEXT, type],
    result: DOUBLE,
    evaluation: 'strict',
    implement: () => (values) => extractField(values[0] as string, (values[1] as number) * unitMs),
  };
}

function truncateOf(type: SqlType): ScalarSignature {
  return {
    parameters: [TEXT, type],
    result: type,
    evaluation: 'strict',
    implement: () => (values) => truncateTime(values[0] as string, values[1] as number),
  };
}

const NOW: ScalarSignature = {
  parameters: [],
  result: TIMESTAMPTZ,
  evaluation: 'strict',
  implement: () => (_, context) => context.nowMs,
};

const CURRENT_DATE: ScalarSignature = {
  parameters: [],
  result: DATE,
  evaluation: 'strict',
  implement: () => (_, context) => daysFromMs(context.nowMs),
};

const EXTRACT = [extractFrom(TIMESTAMPTZ), extractFrom(TIMESTAMP), extractFrom(DATE)];

export const TIME_FUNCTIONS: ReadonlyMap<string, readonly ScalarSignature[]> = new Map([
  ['now', [NOW]],
  ['current_date', [CURRENT_DATE]],
  ['date_trunc', [truncateOf(TIMESTAMPTZ), truncateOf(TIMESTAMP)]],
  ['extract', EXTRACT],
  ['date_part', EXTRACT],
]);
