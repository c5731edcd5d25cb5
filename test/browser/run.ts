/** `npm run test:browser`: the page of a whole rehearsal, opened in Chromium without a network, looked at, and printed. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { MigrationReport } from '../../lambdas/report/model.ts';
import { jsonBeside } from '../../rehearsal/options.ts';
import { run } from '../deploy/processes.ts';
import { demandCharts } from './charts.ts';
import { chromiumPath, withChromium } from './chromium.ts';
import { demandHeadings, inspectLayout } from './layout.ts';
import { demandPrint } from './print.ts';
import { watchedPage } from './watching.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Pictures, the page and its PDF, to be looked at; git ignores it. */
const OUT = join(ROOT, 'test/browser/out');

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** A whole rehearsal, whose own report must say that it passed. */
async function rehearsedPage(): Promise<string> {
  const page = join(OUT, 'report.html');
  const words = ['--report-html', page];
  say('Rehearsing a migration');
  const environment = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const end = () => process.exit(130); // and the rehearsal with it
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  await run({ command: process.execPath, arguments: [join(ROOT, 'bin/rehearse.ts'), ...words], environment, folder: ROOT });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end);
  return page;
}

/** @param file an HTML page, with its JSON beside it */
async function look(file: string, chromium: string): Promise<void> {
  const report: MigrationReport = JSON.parse(readFileSync(jsonBeside(file), 'utf8'));
  await withChromium(chromium, async (browser) => {
    const { page, requests, complaints } = await watchedPage(browser);
    const address = pathToFileURL(file).href;
    await page.goto(address, { waitUntil: 'load' });
    assert.notEqual((await page.title()).trim(), '', 'The page has no title.');
    const policies = page.locator(`meta[http-equiv="Content-Security-Policy"][content*="default-src 'none'"]`);
    assert.equal(await policies.count(), 1, 'The page has no policy that lets it load nothing.');
    say(`${await demandHeadings(page)} headings in order`);
    const pictures = await inspectLayout(page, OUT, async (where) => {
      say(`Charts ${where}`);
      for (const line of await demandCharts(page, report)) say(`  ${line}`);
    });
    for (const picture of pictures) say(`Picture: ${relative(process.cwd(), picture)}`);
    const paper = join(OUT, 'report.pdf');
    say(`Printed on ${await demandPrint(page, paper)} pages: ${relative(process.cwd(), paper)}`);
    assert.deepEqual(requests, [address], 'The page asked for something else than itself.');
    assert.deepEqual(complaints, [], 'The page complains in the console.');
  });
}

async function main([given]: readonly string[]): Promise<void> {
  const chromium = chromiumPath(); // before the minutes that a rehearsal takes
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  await look(given === undefined ? await rehearsedPage() : resolve(given), chromium);
  say('PASSED');
}

await main(process.argv.slice(2));
