import { describe, expect, it } from 'vitest';
import { courseUntil, STOPS } from '../../rehearsal/course.ts';

describe('the course of a rehearsal', () => {
  it('goes there, back, and there again before it cleans up', () => {
    expect(courseUntil('Cleanup')).toEqual(['Preflight', 'Replicate', 'Cutover', 'Rollback', 'Cutover', 'Cleanup']);
  });

  it('stops after a machine has run for the first time', () => {
    expect(STOPS.map((stop) => courseUntil(stop).length)).toEqual([1, 2, 3, 4, 6]);
    expect(courseUntil('Cutover')).toEqual(['Preflight', 'Replicate', 'Cutover']);
  });
});
