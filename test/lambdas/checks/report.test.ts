import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../lambdas/checks/finding.ts';
import { notReadyMessage, reported } from '../../../lambdas/checks/report.ts';

const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `"Schema ""ö"""."Table ${index}"`);
const finding = (code: string, objects: readonly string[], severity: Finding['severity'] = 'blocker'): Finding => ({
  code,
  severity,
  objects,
  message: `What ${code} means.`,
  remedy: `What to do about ${code}.`,
  statements: objects.map((object) => `alter table ${object} replica identity full;`),
});

/** As Lambda fails with an error of ours, whose stack is its name alone (`lambdas/handlers/step.ts`), and all of it is JSON. */
const causeOf = (message: string): string => JSON.stringify({ errorType: 'NotReady', errorMessage: message, trace: ['NotReady'] });
const MOST_CHARACTERS_OF_A_CAUSE = 32_768;

describe('notReadyMessage', () => {
  it('lists every blocker with its code, objects, meaning, remedy and SQL', () => {
    const text = notReadyMessage([finding('First', ['a', 'b']), finding('Soft', ['w'], 'warning'), finding('Second', [])]);
    expect(text).toBe(
      [
        '2 things stand in the way of the migration. Source and target are untouched. Remedy each of these, then start again.',
        '1. First: a, b. What First means. What to do about First. alter table a replica identity full; alter table b replica identity full;',
        '2. Second. What Second means. What to do about Second.',
        'Besides, there are 1 warnings: Soft.',
      ].join('\n'),
    );
  });

  it('cuts long lists with an honest count, and keeps every code', () => {
    const text = notReadyMessage([finding('Long', many(100_000)), finding('Short', ['one'])]);
    const [, shown, more] = /Long: (.*), and (\d+) more\. What/.exec(text) ?? [];
    expect(shown?.split(', ').length).toBe(100_000 - Number(more));
    expect(text).toContain('(and so on for the others)');
    expect(text).toContain('2. Short: one.');
    expect(causeOf(text).length).toBeLessThan(MOST_CHARACTERS_OF_A_CAUSE);
  });

  it('names every code even where there are dozens of kinds with long texts', () => {
    const all = Array.from({ length: 60 }, (_, index) => ({ ...finding(`Code${index}`, many(500)), message: '"ö"\\ '.repeat(200) }));
    const text = notReadyMessage(all);
    for (const { code } of all) expect(text).toContain(`${code} (500)`);
    expect(causeOf(text).length).toBeLessThan(MOST_CHARACTERS_OF_A_CAUSE);
  });
});

describe('the reported findings', () => {
  it('are unchanged where they are short', () => {
    expect(reported([finding('One', ['a'], 'warning')])).toEqual([
      {
        code: 'One',
        severity: 'warning',
        objects: ['a'],
        more: 0,
        message: 'What One means.',
        remedy: 'What to do about One.',
        statements: ['alter table a replica identity full;'],
      },
    ]);
  });

  it('stay below 100 kB for any number, and count what was cut', () => {
    const cut = reported(Array.from({ length: 40 }, (_, index) => finding(`Code${index}`, many(5_000), 'warning')));
    expect(cut).toHaveLength(40);
    for (const { objects, more } of cut) expect(objects.length + more).toBe(5_000);
    expect(Buffer.byteLength(JSON.stringify(cut))).toBeLessThan(100_000);
    expect(cut[0]?.objects.length).toBeGreaterThan(0);
  });
});
