import { describe, expect, it } from 'vitest';
import { knownDifferences } from '../../../lambdas/roles/known-differences.ts';

describe('differences that the record of the copy knows', () => {
  const isKnown = knownDifferences([
    'grants on table shop.a, grants on table shop.b (permission denied (42501))',
    'owner of function shop.f(integer, text) (it was there before)',
    'grants on table "x, grants on table shop.orders (" (permission denied)',
    'setting app.secret of the database (permission denied for parameter "app.s',
  ]);

  it('are found by their names, alone and together', () => {
    for (const name of [
      'grants on table shop.a',
      'grants on table shop.b',
      'owner of function shop.f(integer, text)',
      'setting app.secret of the database',
    ]) {
      expect(isKnown(name)).toBe(true);
    }
  });

  it('are not found by a part of a name, nor by a name that stands within the name of another object', () => {
    for (const name of [
      'grants on table shop.orders',
      'grants on table shop',
      'owner of function shop.f',
      'setting app.secret of role a',
    ]) {
      expect(isKnown(name)).toBe(false);
    }
  });
});
