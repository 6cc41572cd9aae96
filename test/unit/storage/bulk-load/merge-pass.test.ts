import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareBytes } from '../../../../src/base/index.js';
import { mergePass } from '../../../../src/storage/bulk-load/merge-pass.js';
import { type KeySpan, spansTouch } from '../../../../src/storage/version/version.js';
import { propertyOptions } from '../../../support/seed.js';
import { bytes } from '../fixtures.js';

function run(...spans: string[]): KeySpan[] {
  return spans.map((span) => {
    const [smallest, largest] = span.split('-') as [string, string];
    return { smallest: bytes(smallest), largest: bytes(largest) };
  });
}

describe('the merges of a pass', () => {
  test('are none for runs that do not overlap, in whatever order they came', () => {
    expect(mergePass([run('m-p'), run('a-c', 'd-f'), run('q-z')], 4)).toEqual([]);
  });

  test('take together what overlaps, directly or by way of another, and leave the rest alone', () => {
    const runs = [run('a-d'), run('x-z'), run('m-n'), run('c-f'), run('e-h'), run('y-y')];
    expect(mergePass(runs, 4)).toEqual([
      [0, 3, 4],
      [1, 5],
    ]);
  });

  test('include a run that lies in a gap of another', () => {
    expect(mergePass([run('a-b', 'y-z'), run('m-n')], 4)).toEqual([[0, 1]]);
  });

  test('a key on both edges overlaps', () => {
    expect(mergePass([run('a-c'), run('c-d')], 4)).toEqual([[0, 1]]);
  });

  test('first bring too many runs down to as many as the last merge can take', () => {
    const six = Array.from({ length: 6 }, () => run('a-z'));
    expect(mergePass(six, 4)).toEqual([[0, 1, 2]]);
    const twenty = Array.from({ length: 20 }, () => run('a-z'));
    expect(mergePass(twenty, 4).map((merge) => merge.length)).toEqual([4, 4, 4, 4, 4]);
  });
});

test('passes end with runs that do not overlap, and keep the order of those that did', () => {
  const span = fc.tuple(fc.nat(40), fc.nat(12));
  fc.assert(
    fc.property(fc.array(span, { minLength: 1, maxLength: 40 }), fc.integer({ min: 2, max: 6 }), (spans, fanIn) => {
      const key = (n: number): Uint8Array => new Uint8Array([n]);
      // What each run is made of: the numbers of the parts it came from, oldest first.
      let runs = spans.map(([first, length], at) => ({
        spans: [{ smallest: key(first), largest: key(first + length) }],
        parts: [at],
      }));
      for (let passes = 0; ; passes++) {
        expect(passes).toBeLessThan(40);
        const merges = mergePass(
          runs.map((one) => one.spans),
          fanIn,
        );
        if (merges.length === 0) break;
        const next: ((typeof runs)[number] | undefined)[] = [...runs];
        for (const merge of merges) {
          expect(merge.length).toBeGreaterThan(1);
          expect(merge.length).toBeLessThanOrEqual(fanIn);
          const inputs = merge.map((at) => runs[at]!);
          for (const at of merge) next[at] = undefined;
          next[merge[0]!] = {
            spans: [hull(inputs.flatMap((one) => one.spans))],
            parts: inputs.flatMap((one) => one.parts),
          };
        }
        runs = next.filter((one) => one !== undefined);
      }
      const left = runs.map((one) => one.spans[0]!);
      expect(left.some((a, i) => left.some((b, j) => i < j && spansTouch(a, b)))).toBe(false);
      for (const { parts } of runs) expect(parts).toEqual(parts.toSorted((a, b) => a - b));
      expect(runs.flatMap((one) => one.parts).sort((a, b) => a - b)).toEqual(spans.map((_, at) => at));
    }),
    propertyOptions(300),
  );
});

function hull(spans: readonly KeySpan[]): KeySpan {
  const smallest = spans.map((span) => span.smallest).sort(compareBytes)[0]!;
  const largest = spans
    .map((span) => span.largest)
    .sort(compareBytes)
    .at(-1)!;
  return { smallest, largest };
}
