import stringWidth from 'string-width';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { drawProgress } from '../../../rehearsal/display/progress.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of a terminal are what is taken out
const CODES = /\u001b\[[0-9;?]*[A-Za-z]/g;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** What is drawn while a copy of a megabyte a second is at work, the writers writing. */
function drawn(columns: number, name = 'AwaitCopy'): string[] {
  let text = '';
  let acknowledged = 0;
  const progress = drawProgress({ isTTY: true, columns, write: (more: string) => (text += more) });
  progress.course?.(['Preflight', 'Replicate', 'Cutover']);
  progress.follow?.(() => ({ acknowledged, longestPauseMs: 1_200 }));
  progress.visiting('Preflight', 'CheckReadiness');
  progress.ended({ name: 'Preflight', status: 'SUCCEEDED', seconds: 1 } as Parameters<typeof progress.ended>[0]);
  for (let megabytes = 1; megabytes <= 4; megabytes += 1) {
    const evidence = { bytesDone: megabytes * 1e6, bytesTotal: 1e7, secondsLeft: null };
    const outcome = { verdict: 'pending', nextPollSeconds: 1, since: '', evidence } as const;
    progress.visiting('Replicate', name);
    progress.visited({ machine: 'Replicate', step: 'AwaitCopy', visits: megabytes, seconds: megabytes, outcome });
    for (let quarter = 0; quarter < 4; quarter += 1) {
      acknowledged += megabytes === 3 ? 0 : 50;
      vi.advanceTimersByTime(250);
    }
  }
  const lines = text.replaceAll(CODES, '').split('\n');
  progress.clear();
  return lines;
}

describe('the lines at the bottom of a terminal', () => {
  it('show machines, states, the copy with speed and time left, and the writers with their pauses', () => {
    const lines = drawn(120);
    const last = (label: string): string => lines.findLast((line) => line.includes(label))?.replace(/^\r/, '') ?? '';
    expect(last('Machines')).toMatch(/✔ Preflight {2}▶ Replicate {2}· Cutover/);
    expect(last('states')).toMatch(/Replicate {2}░+ 0 of \d+ states/);
    expect(last('AwaitCopy')).toMatch(/AwaitCopy {2}█+░+ 40 %, 4\.0 MB of 10\.0 MB, \d[\d.]* (?:kB|MB)\/s, \d+(?:\.\d)? s left/);
    expect(last('Writers')).toMatch(/Writers {4}[▁▂▃▄▅▆▇█]+ 200 writes\/s, longest pause 1\.2 s/);
    expect(last('Writers')).toContain('▁▁▁▁');
  });

  it.each([30, 40, 60, 200])('are never wider than a terminal of %d columns', (columns) => {
    for (const line of drawn(columns)) expect(stringWidth(line), line).toBeLessThanOrEqual(columns);
  });

  it('show steps that are side by side, each with its own work, and a machine that has failed', () => {
    let text = '';
    const progress = drawProgress({ isTTY: true, columns: 120, write: (more: string) => (text += more) });
    const pending = (evidence: object) => ({ verdict: 'pending', nextPollSeconds: 1, since: '', evidence }) as never;
    progress.course?.(['Replicate', 'Cutover']);
    for (let turn = 0; turn < 4; turn += 1) {
      const copied = { bytesDone: (turn + 1) * 1e6, bytes: 1e7 };
      progress.visited({ machine: 'Replicate', step: 'CopyParts', visits: 1, seconds: 1, outcome: pending(copied) });
      progress.visited({ machine: 'Replicate', step: 'BuildCopied', visits: 1, seconds: 1, outcome: pending({ tables: 3 }) });
      vi.advanceTimersByTime(500);
    }
    expect(text).toMatch(/CopyParts {2}█+░+ 40 %, 4\.0 MB of 10\.0 MB, \d[\d.]* (?:kB|MB)\/s/);
    expect(text).toMatch(/BuildCopied .*tables 3/);
    progress.ended({ name: 'Replicate', status: 'FAILED', seconds: 1 } as Parameters<typeof progress.ended>[0]);
    vi.advanceTimersByTime(250);
    expect(text).toContain('✘ Replicate');
    expect(text).not.toContain('▶ Cutover');
    progress.clear();
  });

  it('are gone when it is over, and nothing is drawn any more', () => {
    let text = '';
    const progress = drawProgress({ isTTY: true, columns: 80, write: (more: string) => (text += more) });
    progress.course?.(['Preflight']);
    progress.visiting('Preflight', 'CheckReadiness');
    vi.advanceTimersByTime(1_000);
    expect(text).toContain('CheckReadiness');
    progress.clear();
    progress.clear();
    const length = text.length;
    vi.advanceTimersByTime(5_000);
    expect(text).toHaveLength(length);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('let nothing of a database or an error steer the terminal', () => {
    let text = '';
    const progress = drawProgress({ isTTY: false, write: (more: string) => (text += more) });
    progress.say('table \u001b]0;owned\u0007 and \u202eback');
    expect(text).toBe('table \ufffd]0;owned\ufffd and \ufffdback\n');
  });
});
