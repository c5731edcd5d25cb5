import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { REPORT_VERSION } from '../../../lambdas/report/model.ts';
import { reportWith } from '../../support/reports.ts';

const document = readFileSync(fileURLToPath(new URL('../../../docs/report.md', import.meta.url)), 'utf8');

/** Paths of all fields, such as `executions[].states[].name`; what a sample or a link is made of is not a field. */
function pathsIn(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return Array.isArray(value[0]) ? [] : pathsIn(value[0], `${path}[]`);
  if (typeof value !== 'object' || value === null || path === 'links' || path === 'answers') return [];
  return Object.entries(value).flatMap(([key, one]) => {
    const name = path === '' ? key : `${path}.${key}`;
    const inside = pathsIn(one, name);
    return typeof one === 'object' && one !== null && !Array.isArray(one) ? inside : [name, ...inside];
  });
}

const whole = reportWith({
  comparison: { at: null, tables: 1, rows: 1, bytes: 1, different: [{ schema: 'a', table: 'b', says: 'c' }], moreDifferent: 0 },
});
const table = document.slice(document.indexOf('\n## The JSON\n'));
const documented = [...table.matchAll(/`([\w.[\]]+)`/g)].map(([, path = '']) => path);

describe('the JSON of a report', () => {
  it('is documented field by field, with its version', () => {
    expect(pathsIn(whole).length).toBeGreaterThan(60);
    expect(pathsIn(whole).filter((path) => !documented.includes(path))).toEqual([]);
    expect(table).toContain(`\`version\` is ${REPORT_VERSION}.`);
  });

  it('has every field that is documented', () => {
    const isField = (path: string): boolean => pathsIn(whole).some((known) => known === path || /^[.[]/.test(known.replace(path, '')));
    expect(documented.filter((path) => /[.[]/.test(path) && !isField(path))).toEqual([]);
  });

  it('has an answer to each question that the document names', () => {
    for (const question of Object.keys(whole.answers)) expect(documented).toContain(question);
  });
});
