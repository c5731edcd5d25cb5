/** Programs that are started for a test, in process groups of their own, none of which outlives it. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Program {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  /** A folder that is removed if this process is killed. @default - none */
  readonly goesWith?: string;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) endGroup(child, 'SIGKILL');
});

/** A shell that waits for the end of a pipe which only this process holds open, and then ends the group `$0` and removes the folder `$1`. */
const WAIT_THEN_END = 'cat > /dev/null; kill -KILL "-$0" 2> /dev/null; test -z "$1" || { sleep 1; rm -rf "$1"; }';

/** Starts a program whose children, and theirs, end with it. */
export function start({ command, arguments: words, environment, folder, goesWith = '' }: Program): ChildProcess {
  const child = spawn(command, [...words], { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  running.add(child);
  const lifeline = spawn('sh', ['-c', WAIT_THEN_END, String(child.pid), goesWith], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  lifeline.stdin?.on('error', () => {});
  lifeline.unref();
  child.once('exit', () => {
    running.delete(child);
    lifeline.kill('SIGKILL');
  });
  return child;
}

/** Safe to call when it has ended. */
export function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // No process of the group is left.
  }
}

/** Everything that a child writes, as text. */
export function listenTo(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  }
  return () => text;
}

/** Runs a program to its end. @returns what it wrote @throws with all of it where it fails */
export async function run(program: Program): Promise<string> {
  const child = start(program);
  const written = listenTo(child);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${program.command} ${program.arguments.join(' ')} ended with ${code}:\n${written()}`);
  return written();
}
