import { describe, expect, test } from 'vitest';
import { select, selectAll } from '../../../src/sql/ast/index.js';
import { StatementCache } from '../../../src/sql/statement-cache.js';
import { StatementPlans } from '../../../src/sql/statement-plans.js';

const plans = (): StatementPlans => new StatementPlans(select({ items: [selectAll()] }));

describe('statement cache', () => {
  test('stays within its size and keeps what is used', () => {
    const cache = new StatementCache(8);
    const kept = plans();
    cache.add('kept', kept);
    for (let i = 0; i < 100; i++) {
      cache.add(`statement ${i}`, plans());
      expect(cache.get('kept')).toBe(kept);
      expect(cache.size).toBeLessThanOrEqual(8);
    }
    expect(cache.get('statement 1')).toBeUndefined();
    expect(cache.get('statement 99')).toBeDefined();
  });
});
