/**
 * A server must not outlive the process that started it, and a process that is killed runs no clean-up of its own. So each server has a
 * small shell beside it that waits for the end of a pipe which only this process holds open: the kernel closes it, however we end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/** `$0` is the server's process, `$1` its folder. */
const WAIT_THEN_CLEAN_UP = `
cat > /dev/null
kill -QUIT "$0" 2> /dev/null
while kill -0 "$0" 2> /dev/null; do sleep 0.05; done
rm -rf "$1"
`;

/** `$0` is a folder, in which a server may be at its last acts. */
const WAIT_THEN_REMOVE = `
cat > /dev/null
until rm -rf "$0" 2> /dev/null; do sleep 0.05; done
`;

/** From now on `server` ends and `folder` goes with this process. A server that ends before ends its lifeline as well. */
export function tieToThisProcess(server: ChildProcess, folder: string): void {
  if (server.pid === undefined) return;
  const lifeline = untilTheEnd(WAIT_THEN_CLEAN_UP, String(server.pid), folder);
  server.once('exit', () => lifeline?.kill('SIGKILL'));
}

/** From now on `folder` goes with this process, with whatever is in it by then. */
export function tieFolderToThisProcess(folder: string): void {
  untilTheEnd(WAIT_THEN_REMOVE, folder);
}

/** @param words `$0` and what follows */
function untilTheEnd(script: string, ...words: readonly string[]): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined;
  // In a group of its own, because Ctrl-C in a terminal goes to the whole group of ours.
  const lifeline = spawn('sh', ['-c', script, ...words], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  lifeline.on('error', () => {}); // a system without a shell does without
  const pipe = lifeline.stdin as Socket | null;
  pipe?.on('error', () => {}).unref();
  lifeline.unref();
  return lifeline;
}
