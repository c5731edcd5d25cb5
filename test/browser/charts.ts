/** Charts of the page, each held against the JSON beside it, as far as it is drawn at the width that the page has. */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import type { MigrationReport } from '../../lambdas/report/model.ts';
import { type Drawing, demandBars, demandLines, drawingOf } from './drawing.ts';

interface Chart {
  /** What its name begins with. */
  readonly name: string;
  /** Length of each line, or number of bars, for each chart of this name in the order of the page. */
  readonly lines?: (report: MigrationReport) => readonly number[];
  readonly bars?: (report: MigrationReport) => readonly number[];
}

/** Of as many tables as the page draws. */
const MOST_TABLES = 15;

const numberOf = (...values: readonly (number | null)[]): number => values.filter((value) => value !== null).length;

/** Of a whole rehearsal, in which everything happens that a chart is about. */
const CHARTS: readonly Chart[] = [
  { name: 'Executions', bars: ({ executions }) => [executions.length] },
  { name: 'Bytes over time', lines: ({ copy }) => [copy.copied.length, copy.total.length] },
  { name: 'Largest tables', bars: ({ tables }) => [Math.min(MOST_TABLES, tables.filter(({ bytes }) => (bytes ?? 0) > 0).length)] },
  { name: 'Lag in time', lines: ({ stream }) => [stream.lagMilliseconds.length] },
  { name: 'Lag in bytes', lines: ({ stream }) => [stream.lagBytes.length] },
  { name: 'WAL kept', lines: ({ stream }) => [stream.walKeptBytes.length] },
  {
    name: 'Parts of the switch',
    bars: ({ switches }) => switches.map(({ parts, fencedMs, writersPauseMs }) => parts.length + numberOf(fencedMs, writersPauseMs)),
  },
];

/** @returns what was seen of each kind of chart */
export async function demandCharts(page: Page, report: MigrationReport): Promise<string[]> {
  const figures = await page.locator('figure').all();
  const seen = await Promise.all(figures.map(chartOf));
  assert.equal(new Set(seen.map(({ name }) => name)).size, seen.length, 'Two charts have the same name.');
  return CHARTS.map(({ name, lines, bars }) => {
    const found = seen.filter((one) => one.name.startsWith(name));
    const known = `there are ${seen.map((one) => `"${one.name.slice(0, 40)}"`).join(', ')}`;
    assert.ok(found.length > 0, `There is no chart of the name "${name}"; ${known}.`);
    if (lines) {
      const [one, ...others] = found;
      assert.ok(one && others.length === 0, `More than one chart has the name "${name}".`);
      demandLines(one, lines(report));
    }
    const wanted = bars?.(report) ?? [found.length];
    assert.equal(
      found.length,
      bars ? wanted.length : 1,
      `The page has another number of charts "${name}" than the report has data for; ${known}.`,
    );
    if (bars) for (const [at, one] of found.entries()) demandBars(one, wanted[at] ?? 0);
    return `${name}: ${found.map(({ bars, lines, rows }) => `${bars} bars, ${lines.length} lines, ${rows} rows`).join('; ')}`;
  });
}

async function chartOf(figure: Locator): Promise<Drawing> {
  const pictures = figure.locator('svg[role=img]:visible');
  assert.equal(await pictures.count(), 1, 'A figure shows no drawing of the role img, or several.');
  const name = (await pictures.getAttribute('aria-label')) ?? '';
  assert.notEqual(name.trim(), '', 'A chart has no name.');
  const table = figure.locator('table');
  assert.equal(await table.count(), 1, `The chart "${name}" has no table beside it, or several.`);
  assert.ok((await table.locator('thead th').count()) > 1, `The table of the chart "${name}" has no heads of columns.`);
  const rows = await table.locator('tbody tr').all();
  for (const row of rows) {
    const cells = await row.locator('th, td').allTextContents();
    assert.ok(cells.length > 1 && cells.every((cell) => cell.trim() !== ''), `A cell of the table of the chart "${name}" is empty.`);
  }
  return { name, rows: rows.length, ...(await drawingOf(pictures)) };
}
