import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { comparedSince, isOlderThan } from '../../../lambdas/replication/walsender.ts';

const SINCE = '2026-01-01T00:00:00.000Z';

describe('a walsender, a minute after a comparison began,', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date(Date.parse(SINCE) + 60_000) });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    [60, true],
    [600, true],
    [59.9, false],
    [0, false],
    [null, false],
  ])('that is connected for %j seconds is older than the comparison: %s', (seconds, older) => {
    expect(isOlderThan({ identity: 'it', seconds }, SINCE)).toBe(older);
  });
});

describe('the beginning of the comparison', () => {
  it.each([
    [{ CompareData: { since: SINCE } }, SINCE],
    [{ CompareData: {} }, undefined],
    [{}, undefined],
  ])('in the results %j is %s', (results, since) => {
    expect(comparedSince(results)).toBe(since);
  });
});
