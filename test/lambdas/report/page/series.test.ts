import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../../lambdas/report/history.ts';
import { bucketsOf, ordered, summaryOf, thinned } from '../../../../lambdas/report/page/series.ts';

const series = fc
  .array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 3000 })
  .map((values) => values.map((value, at): Sample => [at * 60_000, value]));
const values = (samples: readonly Sample[]): number[] => samples.map(([, value]) => value);

describe('a thinned series', () => {
  it('keeps its first, last, least and most, has samples of the series only, in their order, and about as many as asked for', () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 10, max: 300 }), (samples, most) => {
        const kept = thinned(samples, most);
        expect(kept.length).toBeLessThanOrEqual(most + 2);
        expect([kept[0], kept.at(-1)]).toEqual([samples[0], samples.at(-1)]);
        expect([Math.min(...values(kept)), Math.max(...values(kept))]).toEqual([
          Math.min(...values(samples)),
          Math.max(...values(samples)),
        ]);
        expect(kept.every((sample) => samples.includes(sample))).toBe(true);
        expect(ordered(kept)).toEqual(kept);
      }),
    );
  });

  it('keeps a single peak of 90 days at a minute each', () => {
    const samples = Array.from({ length: 129_600 }, (_, minute): Sample => [minute * 60_000, minute === 77_777 ? 9 : 1]);
    expect(thinned(samples, 300)).toContainEqual([77_777 * 60_000, 9]);
  });
});

describe('stretches of a series', () => {
  it('follow one another without a gap, each with its own least, most and last', () => {
    const samples: Sample[] = [4, 2, 9, 3, 7].map((value, at) => [at, value]);
    expect(bucketsOf(samples, 2)).toEqual([
      { from: 0, to: 2, least: [1, 2], most: [2, 9], last: [2, 9] },
      { from: 3, to: 4, least: [3, 3], most: [4, 7], last: [4, 7] },
    ]);
  });

  it('add up to median, most and last of the whole; of nothing there is none', () => {
    expect(summaryOf([4, 2, 9, 3, 7].map((value, at): Sample => [at, value]))).toEqual({ median: 4, most: [2, 9], last: [4, 7] });
    expect(summaryOf([])).toBeUndefined();
  });
});

describe('samples out of order', () => {
  it('are put in order, and those that are no numbers are left out', () => {
    expect(
      ordered([
        [3, 1],
        [1, Number.NaN],
        [2, 5],
      ]),
    ).toEqual([
      [2, 5],
      [3, 1],
    ]);
  });
});
