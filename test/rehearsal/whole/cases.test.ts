import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { MachineName } from '../../../lambdas/engine/machines.ts';
import { rehearseQuickly } from '../../support/rehearsal.ts';
import { EXPECTATIONS } from './cases/expectations.ts';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'cases');
/** `npm run test:cases` takes them all, to the end; the others are as far as the copy and its comparison, and few. */
const ALL = process.env.ALL_CASES !== undefined;
const UNTIL: MachineName = ALL ? 'Cleanup' : 'Replicate';

describe('schemas of kinds found in real databases (#11)', () => {
  it('each have an expectation', () => {
    const files = readdirSync(FOLDER).filter((name) => name.endsWith('.sql'));
    expect(EXPECTATIONS.map(({ name }) => `${name}.sql`).sort()).toEqual(files.sort());
  });

  it.each(EXPECTATIONS.filter(({ always }) => ALL || always))('$name is $ends', async ({ name, ends, says = /./, warns, source = 15 }) => {
    const words = ['--source-dump', join(FOLDER, `${name}.sql`), `--source-version=${source}`, `--until=${UNTIL}`, '--rate=20'];
    if (ends === 'untold') {
      await expect(rehearseQuickly(words)).rejects.toThrow(says);
      return;
    }
    const report = await rehearseQuickly(words);
    const told = JSON.stringify(report.findings.warnings);
    if (ends === 'moved') {
      expect(report).toMatchObject({
        reasons: [],
        outcome: 'passed',
        tables: { different: [] },
        findings: { blockers: [] },
        writes: { lost: 0 },
      });
      expect(report.tables.compared).toBeGreaterThan(0);
    } else {
      expect(report.outcome).toBe('failed');
      expect(report.reasons.join('\n')).toMatch(says);
      // Refused before anything is copied.
      expect(report.machines.flatMap(({ states }) => states.map((state) => state.name))).not.toContain('AwaitCopy');
    }
    expect(told).toMatch(warns ?? /./);
    expect(told).not.toContain('rehearsal_workload');
  });
});
