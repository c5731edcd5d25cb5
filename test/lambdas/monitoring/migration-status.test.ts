import { describe, expect, it } from 'vitest';
import { migrationStatusOf } from '../../../lambdas/monitoring/migration-status.ts';

const newest = (machine: string, startedAt: number, succeeded = true) => ({ machine, startedAt, succeeded });

describe('the status of a migration', () => {
  it.each([
    ['is not open before a machine that acts was started', [], undefined, false],
    ['is open from the first start on', [newest('Replicate', 1, false)], undefined, true],
    ['stays open while nothing was cleaned up', [newest('Replicate', 1), newest('Cleanup', 2, false)], undefined, true],
    ['is closed once it was cleaned up', [newest('Replicate', 1), newest('Cutover', 2), newest('Cleanup', 3)], 3, false],
    ['stays closed where a later clean-up fails', [newest('Replicate', 1), newest('Cleanup', 4, false)], 3, false],
    ['is open again with the next start', [newest('Replicate', 4, false), newest('Cleanup', 3)], 3, true],
    ['is not opened by a clean-up', [newest('Cleanup', 3, false)], undefined, false],
  ] as const)('%s', (_, executions, cleaned, open) => {
    expect(migrationStatusOf(executions, cleaned).open).toBe(open);
  });

  it('is replicated where the latest execution of Replicate has succeeded', () => {
    expect(migrationStatusOf([newest('Replicate', 1)], undefined).replicated).toBe(true);
    expect(migrationStatusOf([newest('Replicate', 1, false), newest('Cutover', 2)], undefined).replicated).toBe(false);
  });
});
