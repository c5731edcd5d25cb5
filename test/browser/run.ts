/** `npm run test:browser`: the page of a whole rehearsal, opened in Chromium without a network, looked at, and printed. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BrowserContext } from 'playwright-core';
import type { MigrationReport } from '../../lambdas/report/model.ts';
import { pageOf } from '../../lambdas/report/page/page.ts';
import { jsonBeside } from '../../rehearsal/options.ts';
import { run } from '../deploy/processes.ts';
import { emptyReport, immenseReport } from '../support/reports.ts';
import { demandCharts } from './charts.ts';
import { chromiumPath, withChromium } from './chromium.ts';
import { demandReadable } from './drawing.ts';
import { hostileReport } from './hostile.ts';
import { demandHeadings, inspectLayout } from './layout.ts';
import { demandPrint } from './print.ts';
import { watchedPage } from './watching.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Pictures, the page and its PDF, to be looked at; git ignores it. */
const OUT = join(ROOT, 'test/browser/out');

/** Rows that take long enough to copy for the watch to see it several times on a fast machine too. */
const ROWS = 300_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** A whole rehearsal, of which the page shows everything that it can. @returns file of the page, with its JSON beside it */
async function rehearsedPage(): Promise<string> {
  const page = join(OUT, 'rehearsal.html');
  say('Rehearsing a migration');
  const end = () => process.exit(130); // and the rehearsal with it
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  const words = [join(ROOT, 'bin/rehearse.ts'), '--rows', String(ROWS), '--report-html', page];
  await run({ command: process.execPath, arguments: words, environment: { ...process.env } as Record<string, string>, folder: ROOT });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end);
  return page;
}

/** Pages of reports that are far from any rehearsal. */
function playedPages(): string[] {
  const reports = { empty: emptyReport(), immense: immenseReport(), hostile: hostileReport() };
  return Object.entries(reports).map(([name, report]) => {
    const file = join(OUT, `${name}.html`);
    writeFileSync(file, pageOf(report));
    return file;
  });
}

/** @param file an HTML page @param report what its charts are held against; where it is left out, there may be none */
async function look(browser: BrowserContext, file: string, report?: MigrationReport): Promise<void> {
  const name = basename(file, '.html');
  const { page, requests, complaints } = await watchedPage(browser);
  const address = pathToFileURL(file).href;
  await page.goto(address, { waitUntil: 'load' });
  assert.notEqual((await page.title()).trim(), '', 'The page has no title.');
  const policies = page.locator(`meta[http-equiv="Content-Security-Policy"][content*="default-src 'none'"]`);
  assert.equal(await policies.count(), 1, 'The page has no policy that lets it load nothing.');
  const addresses = await Promise.all((await page.locator('[href]').all()).map((link) => link.getAttribute('href')));
  assert.deepEqual(
    addresses.filter((one) => !/^(https:\/\/|#)/.test(one ?? '')),
    [],
    'A link leads to something else than a page or a section.',
  );
  const headings = await demandHeadings(page);
  const charts: string[] = [];
  await inspectLayout(page, join(OUT, name), async () => {
    for (const picture of await page.locator('figure svg:visible').all()) await demandReadable(picture);
    if (report) charts.push(...(await demandCharts(page, report)));
  });
  const papers = await demandPrint(page, join(OUT, `${name}.pdf`));
  assert.deepEqual(requests, [address], 'The page asked for something else than itself.');
  assert.deepEqual(complaints, [], 'The page complains in the console.');
  await page.close();
  for (const line of new Set(charts)) say(`  ${line}`);
  say(`${name}: ${headings} headings, ${papers} pages of paper`);
}

async function main([given]: readonly string[]): Promise<void> {
  const chromium = chromiumPath(); // before the minutes that a rehearsal takes
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  const file = given === undefined ? await rehearsedPage() : resolve(given);
  const report: MigrationReport = JSON.parse(readFileSync(jsonBeside(file), 'utf8'));
  await withChromium(chromium, async (browser) => {
    await look(browser, file, report);
    for (const played of given === undefined ? playedPages() : []) await look(browser, played);
  });
  say(`PASSED. Pictures and paper are in ${relative(process.cwd(), OUT)}`);
}

await main(process.argv.slice(2));
