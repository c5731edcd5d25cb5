import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MigrationReport } from '../../../lambdas/report/model.ts';
import { jsonBeside } from '../../../rehearsal/options.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

describe('npm run rehearse', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-test-'));
    chmodSync(folder, 0o777); // servers may run as another user
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  interface Ended {
    readonly code: number | null;
    readonly out: string;
    readonly err: string;
  }
  /** Everything temporary goes into a folder of the test's own. `watch` sees all that was printed so far. */
  const run = (words: readonly string[], watch: (out: string, child: ChildProcess) => void = () => {}): Promise<Ended> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['bin/rehearse.ts', ...words], { cwd: ROOT, env: { ...process.env, TMPDIR: folder } });
      let out = '';
      let err = '';
      child.once('error', reject);
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        err += text;
      });
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text;
        watch(out, child);
      });
      child.once('close', (code) => resolve({ code, out, err }));
    });

  /** What stays behind of servers: their processes and their files. Copies of the binaries are kept on purpose. */
  const leftovers = (): string[] => [
    ...readdirSync(folder).filter((name) => !/^aurora-to-planetscale-postgres-/.test(name)),
    ...execFileSync('ps', ['-A', '-o', 'args'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(folder) && line.includes(' -D ')),
  ];
  const nothingIsLeft = async () => {
    for (const deadline = Date.now() + 300_000; leftovers().length > 0 && Date.now() < deadline; ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(leftovers()).toEqual([]);
  };
  /** Sends a signal as soon as something has been printed. */
  const interruptAt = (words: string, signal: NodeJS.Signals = 'SIGINT') => {
    let sent = false;
    return (out: string, child: ChildProcess) => {
      if (sent || !out.includes(words)) return;
      sent = true;
      child.kill(signal);
    };
  };

  it('passes, prints a line for each state, and writes its report', async () => {
    const report = join(folder, '..', `${folder.split('/').at(-1)}.json`);
    const page = join(folder, '..', `${folder.split('/').at(-1)}-page.html`);
    try {
      const { code, out, err } = await run(['--rows=1000', `--report=${report}`, `--report-html=${page}`]);
      expect(err).toBe('');
      expect(code).toBe(0);
      expect(out).toMatch(/^Replicate +AwaitCopy +[\d.]+ s {2}done/m);
      expect(out).toMatch(/^Cutover +SwitchOver +[\d.]+ s {2}done/m);
      expect(out).toMatch(/^PASSED {3}PostgreSQL 15 → 18: Preflight succeeded in [\d.]+ s, .*, Cleanup succeeded in [\d.]+ s$/m);
      expect(out.match(/^Switch {3}(source → target|target → source): the writers were without for \d+ ms/gm)).toHaveLength(3);
      expect(out).not.toContain('\u001b');
      expect(out).not.toContain('rehearsal source');
      expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ outcome: 'passed', writes: { lost: 0 } });
      const told = JSON.parse(readFileSync(jsonBeside(page), 'utf8')) as MigrationReport;
      expect(told).toMatchObject({ version: 1, outcome: { code: 'cleaned up' }, copy: { way: 'stream' } });
      expect(told.switches.map(({ to, writersPauseMs }) => [to, writersPauseMs === null])).toEqual([
        ['target', false],
        ['source', false],
        ['target', false],
      ]);
      expect(told.stream.lagMilliseconds.length).toBeGreaterThan(0);
      expect(told.tables.every(({ compared, schema }) => compared === 'equal' && schema !== 'rehearsal_workload')).toBe(true);
      expect(readFileSync(page, 'utf8')).toContain('<svg');
      await nothingIsLeft();
    } finally {
      for (const file of [report, page, jsonBeside(page)]) rmSync(file, { force: true });
    }
  });

  it.each([
    ['while the servers start', 'Source: PostgreSQL', 'SIGINT', 10],
    ['while the sample is loaded', 'Loading the sample', 'SIGTERM', 20_000],
    ['while it copies', 'CreateSubscription', 'SIGINT', 20_000],
    ['while it switches', 'CheckCutover', 'SIGINT', 10],
  ] as const)('leaves no server and no file behind when it is interrupted %s', async (_, words, signal, rows) => {
    const { code, err } = await run([`--rows=${rows}`, '--rate=40'], interruptAt(words, signal));
    expect(code).toBe(3);
    expect(err).toContain('Could not tell: Error: It was interrupted.');
    await nothingIsLeft();
  });

  it('keeps the servers until it is interrupted, if asked to', async () => {
    const { code, out } = await run(['--rows=10', '--until=preflight', '--writers=0', '--keep'], interruptAt('target postgresql://'));
    expect(code).toBe(0);
    expect(out).toMatch(/source postgresql:\/\/aurora_master:\S+@127\.0\.0\.1:\d+\/Corner%20%22Shop%22\?sslmode=verify-full&sslrootcert=/);
    await nothingIsLeft();
  });

  it('reports all faults of a command line, and starts nothing', async () => {
    const { code, out, err } = await run(['--rows=x', '--nonsense']);
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain('--nonsense is not an option');
    expect(err).toContain('--rows must be a whole number');
    await nothingIsLeft();
  });

  it('tells the verdict although the report cannot be written, and that it could not be', async () => {
    const { code, out, err } = await run(['--rows=10', '--until=preflight', '--writers=0', `--report-html=${folder}`]);
    expect(out).toMatch(/^PASSED {3}PostgreSQL/m);
    expect(err).toContain('The report could not be written');
    expect(code).toBe(3);
    await nothingIsLeft();
  });

  it('refuses a file in a folder that is not there before anything starts', async () => {
    const { code, out, err } = await run(['--report-html=/nowhere/at/all/page.html']);
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain('The folder of /nowhere/at/all/page.html does not exist');
    await nothingIsLeft();
  });

  it('prints its help', async () => {
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    expect(out).toContain('--target-url URL');
  });
});
