import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { documents, formOf } from '../docs/generate.ts';
import { INPUT_ENTRIES } from '../lambdas/config/input.ts';
import { oneOf, wholeNumber } from '../lambdas/config/parsing.ts';
import { SETTING_ENTRIES } from '../lib/settings.ts';

const generated = documents();
const committed = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const rowsOf = (path: string): string[] => (generated[path] ?? '').split('\n').filter((line) => line.startsWith('| `'));

describe('a generated document', () => {
  it.each(Object.keys(generated))('%s is what `npm run docs` writes', (path) => {
    expect(committed(path), 'stale: run `npm run docs`').toBe(generated[path]);
  });

  it('has one row for each key of the input and for each setting, in their order', () => {
    const named = (path: string) => rowsOf(path).map((line) => line.split('`')[1]);
    expect(named('docs/input.md')).toEqual(INPUT_ENTRIES.map(([key]) => key));
    expect(named('docs/settings.md')).toEqual(SETTING_ENTRIES.map(([key]) => key));
  });

  it('has the same number of cells in every row', () => {
    for (const [path, cells] of [
      ['docs/input.md', 5],
      ['docs/settings.md', 4],
    ] as const)
      for (const line of rowsOf(path)) expect(line.replaceAll('\\|', '').split('|'), line).toHaveLength(cells + 2);
  });

  it('describes a parser by the words of its refusal', () => {
    expect(formOf(wholeNumber(1, 32))).toBe('a whole number from 1 to 32');
    expect(formOf(oneOf('now', 'wait'))).toBe('`"now"`, `"wait"`');
    expect(() => formOf((value) => value)).toThrow('no document');
  });
});
