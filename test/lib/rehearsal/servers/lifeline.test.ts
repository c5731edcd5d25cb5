import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../../support/replicated.ts';

const SERVER = fileURLToPath(new URL('../../../../lib/rehearsal/servers/server.ts', import.meta.url));

/** A process that starts a server, tells where it is, and stays. */
const holder = (): ChildProcess =>
  spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { Server } from ${JSON.stringify(SERVER)};
const server = await Server.start({ version: 17 });
process.stdout.write(JSON.stringify({ port: server.port }) + '\\n');
setInterval(() => {}, 1000);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a server', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)('goes with the process that started it, its files too, when that ends by %s', async (signal) => {
    const child = holder();
    const gone = new Promise((resolve) => child.once('exit', resolve));
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    const servers = await serversOf(child.pid ?? 0);
    expect(servers).toHaveLength(1);
    child.kill(signal);
    await gone;
    for (const { pid, folder } of servers) {
      await eventually(async () => !isAlive(pid) && !existsSync(folder));
    }
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
