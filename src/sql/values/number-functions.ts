/** Functions on numbers. Integers stay integers where the result is one; ROUND breaks ties away from zero. */

import { roundToPlaces } from './float.js';
import type { ScalarSignature } from './function-signature.js';
import { fitInteger, integerOperation, type IntegerValue, roundHalfAway } from './integer.js';
import { BIGINT, DOUBLE, INTEGER, REAL, SMALLINT, type SqlType } from './sql-type.js';

function integerAbs(type: SqlType): ScalarSignature {
  return {
    parameters: [type],
    result: type,
    evaluation: 'strict',
    implement: () => (values) => {
      const value = values[0] as IntegerValue;
      return value < 0 ? fitInteger(-value, type.name) : value;
    },
  };
}

function floatFunction(type: SqlType, apply: (value: number) => number): ScalarSignature {
  return {
    parameters: [type],
    result: type,
    evaluation: 'strict',
    implement: () => (values) => apply(values[0] as number) + 0,
  };
}

function integerRemainder(type: SqlType): ScalarSignature {
  return {
    parameters: [type, type],
    result: type,
    evaluation: 'strict',
    implement: () => {
      const remainder = integerOperation('%', type.name);
      return (values) => remainder(values[0] as IntegerValue, values[1] as IntegerValue);
    },
  };
}

const ROUND_TO_PLACES: ScalarSignature = {
  parameters: [DOUBLE, INTEGER],
  result: DOUBLE,
  evaluation: 'strict',
  implement: () => (values) => roundToPlaces(values[0] as number, values[1] as number),
};

export const NUMBER_FUNCTIONS: ReadonlyMap<string, readonly ScalarSignature[]> = new Map([
  [
    'abs',
    [
      integerAbs(SMALLINT),
      integerAbs(INTEGER),
      integerAbs(BIGINT),
      floatFunction(REAL, Math.abs),
      floatFunction(DOUBLE, Math.abs),
    ],
  ],
  ['round', [floatFunction(DOUBLE, roundHalfAway), ROUND_TO_PLACES]],
  ['floor', [floatFunction(DOUBLE, Math.floor)]],
  ['ceil', [floatFunction(DOUBLE, Math.ceil)]],
  ['ceiling', [floatFunction(DOUBLE, Math.ceil)]],
  ['mod', [integerRemainder(SMALLINT), integerRemainder(INTEGER), integerRemainder(BIGINT)]],
]);
