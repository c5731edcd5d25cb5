import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/replicated.ts';

const module = (name: string) => JSON.stringify(fileURLToPath(new URL(`../../../rehearsal/servers/${name}`, import.meta.url)));
const STARTS_A_SERVER = `import { Server } from ${module('server.ts')};
const { port } = await Server.start({ version: 17 });
process.stdout.write(port + '\\n')`;
const HAS_A_FOLDER = `import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tieFolderToThisProcess } from ${module('lifeline.ts')};
const folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-test-'));
mkdirSync(join(folder, 'below'));
tieFolderToThisProcess(folder);
process.stdout.write(folder)`;

/** A process that runs this and stays, with the first that it says. */
async function holder(script: string): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const words = ['--input-type=module', '--eval', `${script};\nsetInterval(() => {}, 1000);`];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await new Promise<string>((resolve) => child.stdout?.once('data', (text: Buffer) => resolve(text.toString())));
  return { child, said };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('an embedded server', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)('ends with the process that started it, its files too, by %s', async (signal) => {
    const { child } = await holder(STARTS_A_SERVER);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    const servers = await serversOf(child.pid ?? 0);
    expect(servers).toHaveLength(1);
    child.kill(signal);
    await gone;
    for (const { pid, folder } of servers) {
      await eventually(async () => !isAlive(pid) && !existsSync(folder));
    }
  });
});

describe('a temporary folder', () => {
  it('is removed with the process that it is tied to, with its content', async () => {
    const { child, said } = await holder(HAS_A_FOLDER);
    expect(existsSync(said)).toBe(true);
    child.kill('SIGKILL');
    await eventually(async () => !existsSync(said));
  });
});

/** The PostgreSQL servers that a process has started, as the system tells. */
async function serversOf(parent: number): Promise<{ pid: number; folder: string }[]> {
  const text = await new Promise<string>((resolve, reject) => {
    const ps = spawn('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    ps.stdout.on('data', (part: Buffer) => {
      said += part.toString();
    });
    ps.once('error', reject).once('close', () => resolve(said));
  });
  return text.split('\n').flatMap((line) => {
    const [, pid, ppid, data] = /^\s*(\d+)\s+(\d+)\s.*\/postgres -D (\S+)/.exec(line) ?? [];
    return pid && data && Number(ppid) === parent ? [{ pid: Number(pid), folder: dirname(data) }] : [];
  });
}
