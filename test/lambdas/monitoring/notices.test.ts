import { describe, expect, it } from 'vitest';
import { type Ended, noticeOf } from '../../../lambdas/monitoring/notices.ts';

const executionArn = 'arn:aws:states:eu-central-1:111122223333:execution:Shop-Replicate:monday';
const ended = (changes: Partial<Ended> = {}): Ended => ({
  ...{ machine: 'Replicate', execution: 'monday', executionArn, status: 'SUCCEEDED' },
  ...changes,
});

describe('the text of a notice', () => {
  it.each([
    ['Replicate', 'Shop: ready to cut over'],
    ['Cutover', 'Shop: switched to PlanetScale'],
    ['Rollback', 'Shop: rolled back to Aurora'],
    ['Recovery', 'Shop: an interrupted switch is settled'],
    ['Cleanup', 'Shop: cleaned up'],
  ])('reports the success of %s: %s', (machine, subject) => {
    expect(noticeOf('Shop', ended({ machine }))).toMatchObject({ subject });
  });

  it('is empty for the success of a machine that only reads', () => {
    expect(noticeOf('Shop', ended({ machine: 'Rotation' }))).toBeUndefined();
  });

  it('has the unchanged reason of a failed execution, and a link', () => {
    const cause = 'Two blockers:\n- "Orders" has no key.\n- start Cleanup with {"target": "drop"}';
    const notice = noticeOf('Shop', ended({ status: 'FAILED', error: 'NotReady', cause }));
    expect(notice?.subject).toBe('Shop: Replicate failed: NotReady');
    expect(notice?.message).toContain(cause);
    expect(notice?.message).toContain('docs/errors.md#notready');
    expect(notice?.message).toContain(
      `https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/${executionArn}`,
    );
  });

  it('leads to the entry of all errors of the services where an error is not ours', () => {
    const notice = noticeOf('Shop', ended({ status: 'FAILED', error: 'States.Timeout' }));
    expect(notice?.message).toContain('docs/errors.md#errors-of-step-functions-and-lambda');
  });

  it.each([
    ['ABORTED', 'Shop: Replicate was stopped'],
    ['TIMED_OUT', 'Shop: Replicate ran out of time'],
  ] as const)('reports the end %s without a reason: %s', (status, subject) => {
    expect(noticeOf('Shop', ended({ status }))).toMatchObject({ subject, message: expect.stringContaining('can be started again') });
  });

  it('fits SNS: a subject of 100 characters of ASCII, and a short text', () => {
    const notice = noticeOf('Shop', ended({ status: 'FAILED', error: `Überall\n${'x'.repeat(200)}`, cause: 'y'.repeat(30_000) }));
    expect(notice?.subject).toMatch(/^[ -~]{1,100}$/);
    expect(notice?.message.length).toBeLessThan(5_000);
    expect(notice?.message).toContain('the rest is in the console');
  });
});
