import { describe, expect, it } from 'vitest';
import { courseUntil, STOPS } from '../../rehearsal/course.ts';

describe('the course of a rehearsal', () => {
  it('runs Cutover, Rollback and Cutover before Cleanup', () => {
    expect(courseUntil('Cleanup')).toEqual(['Preflight', 'Replicate', 'Cutover', 'Rollback', 'Cutover', 'Cleanup']);
  });

  it('stops after the first run of the --until machine', () => {
    expect(STOPS.map((stop) => courseUntil(stop).length)).toEqual([1, 2, 3, 4, 6]);
    expect(courseUntil('Cutover')).toEqual(['Preflight', 'Replicate', 'Cutover']);
  });
});
