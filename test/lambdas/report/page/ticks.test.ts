import { describe, expect, it } from 'vitest';
import { byteStep, momentsBetween, roundStep, upTo } from '../../../../lambdas/report/page/ticks.ts';

const MINUTE = 60_000;
const GIB = 1024 ** 3;

describe('ticks of an axis', () => {
  it.each([
    [80, 4, 20],
    [24_000, 7, 5_000],
    [90 * MINUTE, 7, 15 * MINUTE],
    [20 * 60 * MINUTE, 7, 180 * MINUTE],
    [90 * 24 * 60 * MINUTE, 7, 20 * 24 * 60 * MINUTE],
    [5000 * 24 * 60 * MINUTE, 4, 1250 * 24 * 60 * MINUTE],
  ])('of %d milliseconds, with %d of them, stand %d apart', (length, most, step) => {
    expect(roundStep(length, most)).toBe(step);
  });

  it.each([
    [0, 4, 1],
    [3, 4, 1],
    [1024, 4, 500],
    [3000, 4, 1024],
    [756 * GIB, 4, 200 * GIB],
    [2.5 * 1024 ** 4, 4, 1024 ** 4],
    [900 * 1024 ** 4, 1, 1024 ** 5],
  ])('of %d bytes, with %d of them, stand a round number of a unit apart', (bytes, most, step) => {
    expect(byteStep(bytes, most)).toBe(step);
  });

  it('of moments are round ones in UTC, within the axis', () => {
    const at = (time: string): number => Date.parse(`2026-03-02T${time}Z`);
    expect(momentsBetween(at('07:23:33.1'), at('07:23:50'), 4)).toEqual([at('07:23:35'), at('07:23:40'), at('07:23:45'), at('07:23:50')]);
    expect(momentsBetween(Number.NaN, 1, 4)).toEqual([]);
  });

  it('from nothing on end before the axis does', () => {
    expect(upTo(10, 4)).toEqual([0, 4, 8]);
  });
});
