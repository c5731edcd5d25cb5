/** Programs that may or may not be on this machine. */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const isInstalled = (program: string): Promise<boolean> =>
  new Promise((resolve) => execFile(program, ['--version'], (error) => resolve(error === null)));

/** Runs a program in a folder of its own that is removed. @throws with the end of its output, unless it exits with 0 */
export async function run(program: string, args: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-bench-'));
  try {
    await new Promise<void>((resolve, reject) => {
      const child = spawn(program, args, {
        cwd: folder,
        env: { ...process.env, TMPDIR: folder, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true, // pgcopydb ends its whole process group where it fails
      });
      let said = '';
      const keep = (text: Buffer) => {
        said = (said + text.toString()).slice(-2_000);
      };
      child.stdout.on('data', keep);
      child.stderr.on('data', keep);
      child.once('error', reject);
      child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}: ${said}`))));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
