/** Charts of the page, held against the JSON beside it. */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import type { MigrationReport } from '../../lambdas/report/model.ts';

interface Chart {
  /** What its accessible name has in it. */
  readonly name: RegExp;
  /** Points or bars that the report has for it. */
  points(report: MigrationReport): number;
}

/** Of a whole rehearsal, in which everything happens that a chart is about. */
const CHARTS: Readonly<Record<string, Chart>> = {
  timeline: { name: /timeline/i, points: ({ executions }) => executions.length },
  'copy over time': { name: /cop.*over time/i, points: ({ copy }) => copy.copied.length },
  'copy by table': { name: /by table|tables/i, points: ({ tables }) => tables.length },
  lag: { name: /lag/i, points: ({ stream }) => stream.lagMilliseconds.length },
  WAL: { name: /\bWAL\b/, points: ({ stream }) => stream.walKeptBytes.length },
  'parts of a switch': { name: /switch/i, points: ({ switches }) => switches.flatMap(({ parts }) => parts).length },
};

interface Seen {
  readonly name: string;
  /** Shapes that cover a part of the picture. */
  readonly marks: number;
  readonly rows: number;
}

/** @returns what was seen of each chart */
export async function demandCharts(page: Page, report: MigrationReport): Promise<string[]> {
  const figures = await page.locator('figure').all();
  const seen = await Promise.all(figures.map(chartOf));
  return Object.entries(CHARTS).map(([chart, { name, points }]) => {
    const [found, ...others] = seen.filter((one) => name.test(one.name));
    assert.ok(found, `There is no chart of the ${chart}; there are ${seen.map((one) => `"${one.name}"`).join(', ')}.`);
    assert.equal(others.length, 0, `More than one chart is of the ${chart}.`);
    const wanted = points(report);
    assert.ok(wanted > 0, `The rehearsal has nothing for the chart of the ${chart}.`);
    assert.ok(found.marks > 0, `The chart "${found.name}" shows nothing.`);
    assert.equal(found.rows, wanted, `The table of the chart "${found.name}" has another number of rows than the chart has points.`);
    return `${found.name}: ${found.marks} marks, ${found.rows} rows`;
  });
}

async function chartOf(figure: Locator): Promise<Seen> {
  const picture = figure.locator('svg[role=img]');
  assert.equal(await picture.count(), 1, 'A figure has no picture of the role img, or several.');
  const name = /^- img "(.+)"/.exec(await picture.ariaSnapshot())?.[1] ?? '';
  assert.notEqual(name, '', 'A chart has no name.');
  const box = await picture.boundingBox();
  assert.ok(box && box.width > 200 && box.height > 50, `The chart "${name}" has no room.`);
  const shapes = await picture.locator('path[d], rect, circle').all();
  const sizes = await Promise.all(shapes.map((shape) => shape.boundingBox()));
  const marks = sizes.filter((size) => size && size.width + size.height > 1).length;
  const table = figure.locator('table');
  assert.equal(await table.count(), 1, `The chart "${name}" has no table beside it, or several.`);
  assert.ok((await table.locator('thead th').count()) > 1, `The table of the chart "${name}" has no heads of columns.`);
  return { name, marks, rows: await table.locator('tbody tr').count() };
}
