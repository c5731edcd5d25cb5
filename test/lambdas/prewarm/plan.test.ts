import { describe, expect, it } from 'vitest';
import { piecesOf, planWarming } from '../../../lambdas/prewarm/plan.ts';

const all = (...blocks: readonly number[]) => blocks.map((size) => ({ oid: String(size), blocks: size }));

describe('the plan of prewarming (#11)', () => {
  it('takes everything where it fits into four fifths of the memory', () => {
    expect(planWarming(all(50, 20, 10), 100)).toEqual([
      { oid: '50', first: 0, last: 49 },
      { oid: '20', first: 0, last: 19 },
      { oid: '10', first: 0, last: 9 },
    ]);
  });

  it('takes the largest that fit, and the end of the largest that does not', () => {
    expect(planWarming(all(500, 70, 30, 5), 100)).toEqual([
      { oid: '70', first: 0, last: 69 },
      { oid: '5', first: 0, last: 4 },
      { oid: '500', first: 495, last: 499 },
    ]);
  });

  it('is empty without relations or memory', () => {
    expect(planWarming([], 100)).toEqual([]);
    expect(planWarming(all(10), 0)).toEqual([]);
  });

  it('reads in ranges, each page once', () => {
    const pieces = [...piecesOf({ oid: '1', first: 10, last: 140_000 })];
    expect(pieces.map(({ first, last }) => [first, last])).toEqual([
      [10, 65_545],
      [65_546, 131_081],
      [131_082, 140_000],
    ]);
  });
});
