import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applicationName, PREFIX, subscriptionName } from '../../../lambdas/config/names.ts';

describe('the name of the subscription and its slot', () => {
  it('is the prefix and the database, where that is allowed', () => {
    expect(subscriptionName('shop_2')).toBe('planetscale_migration_shop_2');
  });

  it('is always a valid slot name', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 63, unit: 'grapheme' }), (database) => {
        expect(subscriptionName(database)).toMatch(/^planetscale_migration_[a-z0-9_]+$/);
        expect(subscriptionName(database).length).toBeLessThanOrEqual(63);
      }),
    );
  });

  it('differs for databases of similar names', () => {
    const alike = ['Shop', 'shop', 'SHOP', 'shop ', 'shop_', 'shop-', `${'x'.repeat(50)}1`, `${'x'.repeat(50)}2`, '', 'é', 'è'];
    expect(new Set(alike.map((name) => subscriptionName(name))).size).toBe(alike.length);
  });

  it('is stable between versions of this tool', () => {
    expect(subscriptionName('Shop "main"')).toBe('planetscale_migration_shop__main__3952db078f');
  });
});

describe('application_name', () => {
  it('has the step, and the tag of its long statement', () => {
    expect(applicationName('AwaitCopy')).toBe(`${PREFIX}:AwaitCopy`);
    expect(applicationName('BuildIndexes', 'index 7')).toBe(`${PREFIX}:BuildIndexes:index 7`);
  });

  it('fits what pg_stat_activity keeps', () => {
    expect(applicationName('BuildIndexes', 'Größe ✓\n')).toBe(`${PREFIX}:BuildIndexes:Gr??e ??`);
    expect(applicationName('BuildIndexes', 'x'.repeat(63))).toHaveLength(63);
  });
});
