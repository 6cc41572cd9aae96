import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PlacedSet } from '../../../src/base/index.js';
import { propertyOptions } from '../../support/seed.js';

test('a set whose members know their places holds what a Set holds', () => {
  const step = fc.record({ adds: fc.boolean(), member: fc.nat({ max: 9 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const members = Array.from({ length: 10 }, (_, number) => ({ number, place: -1 }));
      const set = new PlacedSet<(typeof members)[number]>();
      const model = new Set<number>();
      for (const { adds, member } of steps) {
        if (!adds) set.delete(members[member]!);
        else if (!model.has(member)) set.add(members[member]!);
        if (adds) model.add(member);
        else model.delete(member);
        expect(set.size).toBe(model.size);
        const numbers = set.toArray().map(({ number }) => number);
        expect(numbers.sort((a, b) => a - b)).toEqual([...model].sort((a, b) => a - b));
        expect(members.map(({ place, number }) => place >= 0 === model.has(number))).not.toContain(false);
      }
    }),
    propertyOptions(200),
  );
});
