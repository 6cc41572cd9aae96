/**
 * The engine against a model that keeps every version of every key: gets and scans as of every timestamp that is still
 * promised, in both directions and with bounds, through flushes, compactions and reopening, with everything tiny, under
 * settings that the seed draws, and from one compaction policy to another. And metamorphic: the same operations under any
 * two settings find the same.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8Encode } from '../../src/base/index.js';
import { commandArbitrary, EngineRun, KeyList } from '../support/engine-run.js';
import { engineSettings } from '../support/engine-settings.js';
import { propertyOptions } from '../support/seed.js';

/** A few keys that are written again and again. */
const FEW = new KeyList(
  Array.from({ length: 12 }, (_, i) => utf8Encode(['', 'a', 'ab', 'b\0', 'key', 'key/'][i % 6]! + 'x'.repeat(i >> 2))),
);
/** Keys with long shared prefixes, enough for tables of several blocks and runs of several tables. */
const MANY = new KeyList(
  Array.from({ length: 90 }, (_, i) => utf8Encode(`${'shared/'.repeat(i % 3)}${String(i).padStart(3, '0')}`)),
);

function commands(list: KeyList, writesMax: number, length: { minLength: number; maxLength: number }) {
  return fc.array(commandArbitrary(list, writesMax), { ...length, size: 'max' });
}

test('the engine agrees with a model that forgets nothing', async () => {
  const script = commands(FEW, 6, { minLength: 20, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(engineSettings, script, async (settings, made) => {
      const run = new EngineRun(FEW, settings);
      await run.open();
      for (const one of made) await run.step(one);
      await run.finish();
    }),
    propertyOptions(50),
  );
});

test('under any two settings the same operations find the same', async () => {
  const script = commands(MANY, 40, { minLength: 10, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(engineSettings, engineSettings, script, async (some, others, made) => {
      const runs = [new EngineRun(MANY, some), new EngineRun(MANY, others)] as const;
      for (const run of runs) await run.open();
      for (const one of made) expect(await runs[1].step(one)).toEqual(await runs[0].step(one));
      expect(await runs[1].finish()).toEqual(await runs[0].finish());
    }),
    propertyOptions(12),
  );
});
