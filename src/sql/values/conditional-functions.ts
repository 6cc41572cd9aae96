/** Functions that look at NULLs or compare their arguments. All arguments meet in one type. */

import { InvariantError } from '../../base/index.js';
import { comparatorOf, equalityOf } from './comparison.js';
import type { ScalarSignature } from './function-signature.js';
import type { Datum } from './value.js';

const COALESCE: ScalarSignature = {
  parameters: ['same'],
  variadic: true,
  result: 'same',
  evaluation: 'first-non-null',
  implement: () => () => {
    throw new InvariantError('COALESCE is evaluated argument by argument');
  },
};

/** NULL when both are equal, else the first. */
const NULLIF: ScalarSignature = {
  parameters: ['same', 'same'],
  result: 'same',
  evaluation: 'null-aware',
  implement: (types) => {
    const equal = equalityOf(types[0]!);
    return ([first = null, second = null]) =>
      first !== null && second !== null && equal(first, second) ? null : first;
  },
};

/** The greatest or least argument that is not NULL. */
function extreme(sign: 1 | -1): ScalarSignature {
  return {
    parameters: ['same'],
    variadic: true,
    result: 'same',
    evaluation: 'null-aware',
    implement: (types) => {
      const compare = comparatorOf(types[0]!);
      return (values) => {
        let best: Datum | null = null;
        for (const value of values) {
          if (value !== null && (best === null || compare(value, best) * sign > 0)) best = value;
        }
        return best;
      };
    },
  };
}

export const CONDITIONAL_FUNCTIONS: ReadonlyMap<string, readonly ScalarSignature[]> = new Map([
  ['coalesce', [COALESCE]],
  ['nullif', [NULLIF]],
  ['greatest', [extreme(1)]],
  ['least', [extreme(-1)]],
]);
