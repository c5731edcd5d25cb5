/** `npm run rehearse`: options of the command line → a rehearsal → an exit code. */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { reportOf } from '../lambdas/report/build.ts';
import type { MigrationHistory } from '../lambdas/report/history.ts';
import { pageOf } from '../lambdas/report/page/page.ts';
import { drawProgress } from '../rehearsal/display/progress.ts';
import { plainText, screenOf } from '../rehearsal/display/screen.ts';
import { summary } from '../rehearsal/display/summary.ts';
import { HELP } from '../rehearsal/help.ts';
import { jsonBeside, parseOptions, UsageError } from '../rehearsal/options.ts';
import { rehearse } from '../rehearsal/rehearse.ts';
import { EXIT_CODES } from '../rehearsal/report.ts';
import type { Sides } from '../rehearsal/sides.ts';

/** By the code that writes the page of a deployed migration. */
function writePage(file: string, history: MigrationHistory): void {
  const report = reportOf(history, Date.now());
  writeFileSync(file, pageOf(report));
  writeFileSync(jsonBeside(file), `${JSON.stringify(report, null, 2)}\n`);
}

/** The verdict is told all the same. @returns what kept a file from being written */
function written(write: () => void): Error | undefined {
  try {
    write();
    return undefined;
  } catch (error) {
    return new Error(`The report could not be written: ${String(error)}`);
  }
}

/** @throws UsageError where a file could not be written at the end @param files that were asked for */
function demandFolders(files: readonly (string | undefined)[]): void {
  const missing = files.filter((file) => file !== undefined && !existsSync(dirname(file)));
  if (missing.length > 0) throw new UsageError(missing.map((file) => `The folder of ${file} does not exist; make it first.`));
}

async function main(words: readonly string[]): Promise<number> {
  const options = parseOptions(words);
  if (options === 'help') {
    process.stdout.write(HELP);
    return EXIT_CODES.passed;
  }
  demandFolders([options.report, options.reportHtml]);
  const progress = drawProgress(process.stdout, process.env);
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(EXIT_CODES.unknown); // asked for twice: at once
      progress.say('Stopping; everything that was started is taken away');
      interrupted.abort(new Error('It was interrupted.'));
    });
  }
  const keep = async ({ urls }: Sides): Promise<void> => {
    const { source, target } = urls();
    progress.say(`The servers go on until Ctrl-C:\n  source ${source}\n  target ${target}`);
    const forEver = setInterval(() => {}, 1 << 30);
    await new Promise((resolve) => interrupted.signal.addEventListener('abort', resolve));
    clearInterval(forEver);
  };
  let history: MigrationHistory | undefined;
  try {
    const report = await rehearse(options, {
      progress,
      ...(options.reportHtml !== undefined && {
        onHistory(found: MigrationHistory) {
          history = found;
        },
      }),
      signal: interrupted.signal,
      beforeEnd: async (sides, found) => {
        progress.clear();
        const failure = written(() => {
          if (options.report !== undefined) writeFileSync(options.report, `${JSON.stringify(found, null, 2)}\n`);
          if (options.reportHtml !== undefined && history) writePage(options.reportHtml, history);
        });
        process.stdout.write(summary(found, screenOf(process.stdout, process.env)));
        if (failure !== undefined) throw failure;
        if (options.keep) await keep(sides);
      },
    });
    return EXIT_CODES[report.outcome];
  } finally {
    progress.clear();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const told = error instanceof UsageError ? `${error.message}\n--help lists all options.` : `Could not tell: ${String(error)}`;
  process.stderr.write(`${told.split('\n').map(plainText).join('\n')}\n`);
  process.exitCode = EXIT_CODES.unknown;
}
