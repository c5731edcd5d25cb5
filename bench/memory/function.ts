/** One visit of a step by the bundle, as Lambda runs it: a process of its own, which reports its memory and time. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { StepEvent, StepResult } from '../../lambdas/engine/contract.ts';

export interface Visited {
  /** Milliseconds from the beginning of the process to the handler being there. */
  readonly initMs: number;
  /** The most memory that the process held, in MB. */
  readonly peakMb: number;
  readonly result?: StepResult;
  readonly error?: { readonly name: string; readonly message: string };
}

const CALL = `
const began = performance.now();
const { handler } = require('./handler.js');
const initMs = performance.now() - began;
const { event, budgetMs } = JSON.parse(process.argv[1]);
const until = Date.now() + budgetMs;
const tell = (outcome) => console.log('OUTCOME' + JSON.stringify({ initMs, peakMb: process.resourceUsage().maxRSS / 1024, ...outcome }));
handler(event, { awsRequestId: 'bench', getRemainingTimeInMillis: () => until - Date.now() })
  .then((result) => tell({ result }), ({ name, message }) => tell({ error: { name, message } }));
`;

/**
 * @param folder of the bundle
 * @param memoryMb of the function: the heap may take nine tenths of it, as Lambda's runtime sets it
 */
export async function visit(
  folder: string,
  env: Readonly<Record<string, string>>,
  event: StepEvent,
  { memoryMb, budgetMs }: { readonly memoryMb: number; readonly budgetMs: number },
): Promise<Visited> {
  const flags = ['--enable-source-maps', `--max-old-space-size=${Math.floor(memoryMb * 0.9)}`];
  const job = JSON.stringify({ event, budgetMs });
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '-e', CALL, job], { cwd: folder, env, maxBuffer: 1 << 28 });
  return JSON.parse(stdout.split('OUTCOME').at(-1) ?? '') as Visited;
}
