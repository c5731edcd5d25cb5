/** A drawing as the eye sees it: its coloured shapes. Axes and texts are grey. */
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';

export interface Drawing {
  readonly name: string;
  /** Filled shapes without a line around them. */
  readonly bars: number;
  /** Corners of each line, in the order in which they are drawn. */
  readonly lines: readonly number[];
  /** Of the table beside it. */
  readonly rows: number;
}

interface Shape {
  readonly filled: boolean;
  readonly stroked: boolean;
  /** Pixels on the screen. */
  readonly width: number;
  readonly height: number;
  readonly corners: number;
}

/** How far one channel of a colour is above another at least; greys stay below. */
const COLOURED = 50;

interface Text {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Pixels by which a font may reach beyond a place. */
const SLACK = 2;

/** Every text stands within the picture, and beside the others. @param picture an SVG that is shown */
export async function demandReadable(picture: Locator): Promise<void> {
  const box = await picture.boundingBox();
  assert.ok(box, 'A chart is not shown.');
  const texts = await picture.evaluate(textsOf);
  for (const [at, one] of texts.entries()) {
    const isInside = one.left >= -SLACK && one.right <= box.width + SLACK && one.top >= -SLACK && one.bottom <= box.height + SLACK;
    assert.ok(isInside, `The text "${one.text}" is cut off in a chart: ${JSON.stringify(one)} of ${JSON.stringify(box)}.`);
    for (const other of texts.slice(at + 1)) {
      const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      assert.ok(across < SLACK || down < SLACK * 2, `The texts "${one.text}" and "${other.text}" stand over each other in a chart.`);
    }
  }
}

/** @param picture an SVG that is shown */
export async function drawingOf(picture: Locator): Promise<Pick<Drawing, 'bars' | 'lines'>> {
  const box = await picture.boundingBox();
  assert.ok(box && box.width > 200 && box.height > 40, `A chart has no room: ${JSON.stringify(box)}.`);
  const shapes = await picture.evaluate(shapesOf, COLOURED);
  const bars = shapes.filter(({ filled, stroked }) => filled && !stroked);
  assert.ok(
    bars.every(({ width, height }) => width >= 0.5 && height > 2),
    'A bar of a chart cannot be seen.',
  );
  const lines = shapes.filter(({ stroked }) => stroked);
  assert.ok(
    lines.every(({ width }) => width > 20),
    'A line of a chart cannot be seen.',
  );
  return { bars: bars.length, lines: lines.map(({ corners }) => corners) };
}

/** A bar for each, and a row for each bar. */
export function demandBars({ name, bars, rows }: Drawing, wanted: number): void {
  assert.ok(wanted > 0, `The rehearsal has nothing for the chart "${name}".`);
  assert.equal(bars, wanted, `The chart "${name}" has another number of bars than the report has things.`);
  assert.equal(rows, wanted, `The table of the chart "${name}" has another number of rows than the chart has bars.`);
}

/** A drawing and its table are thinned, but not below this. */
const LEAST_CORNERS = 50;
const LEAST_ROWS = 10;

/** A line through every sample, or so many that it looks the same. @param samples of each line */
export function demandLines({ name, lines, rows }: Drawing, samples: readonly number[]): void {
  assert.equal(lines.length, samples.length, `The chart "${name}" has another number of lines than the report has series.`);
  for (const [at, wanted] of samples.entries()) {
    assert.ok(wanted > 1, `The rehearsal has nothing to draw for the chart "${name}".`);
    const corners = lines[at] ?? 0;
    assert.ok(
      corners >= Math.min(wanted, LEAST_CORNERS) && corners <= wanted,
      `A line of the chart "${name}" has ${corners} corners for ${wanted} samples.`,
    );
  }
  const most = samples.reduce((sum, wanted) => sum + wanted, 0);
  const least = samples.reduce((sum, wanted) => sum + Math.min(wanted, LEAST_ROWS), 0);
  assert.ok(rows >= least && rows <= most, `The table of the chart "${name}" has ${rows} rows for ${most} samples.`);
}

/** As much of the browser's as is used; the types of Node.js have none of it. */
interface Element {
  querySelectorAll(selector: string): Iterable<Element>;
  closest(selector: string): unknown;
  getAttribute(name: string): string | null;
  getBoundingClientRect(): { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  readonly textContent: string;
  readonly ownerDocument: { readonly defaultView: { getComputedStyle(element: Element): Readonly<Record<string, string>> } };
}

/** Runs in the page. The half transparent areas below lines are left out. @param least see {@link COLOURED} */
function shapesOf(svg: Element, least: number): Shape[] {
  const coloured = (paint = ''): boolean => {
    const channels = (paint.match(/\d+/g) ?? []).slice(0, 3).map(Number);
    return paint.startsWith('rgb') && Math.max(...channels) - Math.min(...channels) > least;
  };
  return [...svg.querySelectorAll('path, rect, circle, polyline, polygon')].flatMap((shape) => {
    const { fill, stroke, fillOpacity, visibility } = svg.ownerDocument.defaultView.getComputedStyle(shape);
    const filled = coloured(fill) && Number(fillOpacity) > 0.5;
    const stroked = coloured(stroke);
    if (visibility !== 'visible' || shape.closest('defs') || (!filled && !stroked)) return [];
    const { width, height } = shape.getBoundingClientRect();
    return [{ filled, stroked, width, height, corners: (shape.getAttribute('d') ?? '').match(/[MLC]/gi)?.length ?? 0 }];
  });
}

/** Runs in the page. Places are those within the picture. */
function textsOf(svg: Element): Text[] {
  const { left, top } = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].flatMap((text) => {
    const box = text.getBoundingClientRect();
    if (text.textContent.trim() === '') return [];
    const at = { left: box.left - left, top: box.top - top };
    return [{ text: text.textContent, ...at, right: at.left + box.width, bottom: at.top + box.height }];
  });
}
