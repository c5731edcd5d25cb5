import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CONTEXT } from '../support/synthesized.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const outdirs: string[] = [];
afterAll(() => {
  for (const outdir of outdirs) rmSync(outdir, { recursive: true });
});

interface Synthesis {
  readonly code: number;
  readonly output: string;
  readonly outdir: string;
}

/** `cdk synth` as a person runs it, without credentials, without a profile, and with every way out shut. */
function synth(...settings: readonly string[]): Promise<Synthesis> {
  const outdir = mkdtempSync(join(tmpdir(), 'synth-'));
  outdirs.push(outdir);
  const shut = 'http://127.0.0.1:9';
  const env = {
    PATH: process.env.PATH,
    HOME: outdir,
    HTTPS_PROXY: shut,
    HTTP_PROXY: shut,
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
  const args = [
    join(ROOT, 'node_modules/aws-cdk/bin/cdk'),
    'synth',
    '--quiet',
    '--no-notices',
    '--output',
    outdir,
    ...settings.flatMap((setting) => ['-c', setting]),
  ];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: ROOT, env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr, outdir });
    });
  });
}

describe('cdk synth', () => {
  it('without settings says which are missing, with a command to copy, and no stack trace', async () => {
    const { code, output } = await synth();
    expect(code).toBe(1);
    for (const key of Object.keys(CONTEXT)) expect(output).toContain(`"${key}" is missing`);
    expect(output).toContain('npx cdk synth');
    expect(output).not.toMatch(/^\s+at /m);
  });

  it('with the settings that it asks for builds the template and both assets, offline', async () => {
    const { code, output, outdir } = await synth(
      ...Object.entries({ ...CONTEXT, planetscaleEgress: '192.0.2.1' }).map(([key, value]) => `${key}=${value}`),
    );
    expect(output).not.toMatch(/ERROR|WARNING/);
    expect(code).toBe(0);
    const files = readdirSync(outdir);
    expect(files).toContain('AuroraToPlanetScale.template.json');
    const assets = files.filter((file) => file.startsWith('asset.')).map((asset) => readdirSync(join(outdir, asset)).toSorted());
    expect(assets.toSorted((one, other) => one.length - other.length)).toEqual([
      ['handler.js', 'handler.js.map'],
      expect.arrayContaining(['handler.js', 'pg-dump-worker.js', 'pg_dump.wasm']),
    ]);
    expect(readFileSync(join(outdir, 'AuroraToPlanetScale.template.json'), 'utf8')).not.toContain(ROOT);
  });
});
