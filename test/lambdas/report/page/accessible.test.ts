/** What people see who do not see charts, who see little, or who print. */
import { describe, expect, it } from 'vitest';
import { pageOf } from '../../../../lambdas/report/page/page.ts';
import { COLOURS, DARK, LIGHT } from '../../../../lambdas/report/page/palette.ts';
import { STYLE } from '../../../../lambdas/report/page/style.ts';
import { reportWith } from '../../../support/reports.ts';

const page = pageOf(reportWith());
const charts = page.match(/<svg[\s\S]*?<\/svg>/g) ?? [];

/** https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const part = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

describe('the colours', () => {
  const written = COLOURS.filter((colour) => !['background', 'panel', 'rule'].includes(colour));

  it.each([
    ['light', LIGHT],
    ['dark', DARK],
  ] as const)('of the %s scheme can be read on both of its grounds', (_scheme, palette) => {
    const low = written.flatMap((colour) =>
      (['background', 'panel'] as const)
        .filter((ground) => contrast(palette[colour], palette[ground]) < 4.5)
        .map((ground) => `${colour} on ${ground}`),
    );
    expect(low).toEqual([]);
  });

  it('are those of the palette, by their variables, in every chart and in the style', () => {
    expect(charts.length).toBeGreaterThan(10);
    const used = charts.flatMap((chart) => [...chart.matchAll(/\b(?:fill|stroke)="([^"]*)"/g)].map(([, colour = '']) => colour));
    expect(new Set(used)).toEqual(new Set(['none', ...used.filter((colour) => COLOURS.some((known) => colour === `var(--${known})`))]));
    expect(charts.join('')).not.toMatch(/#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(/i);
    const named = [...STYLE.matchAll(/var\(--(\w+)\)/g)].map(([, name]) => name);
    expect(named.filter((name) => name !== 'tone' && !COLOURS.some((known) => known === name))).toEqual([]);
  });
});

describe('each chart', () => {
  it('is an image with a title and with what it shows in sentences', () => {
    expect(charts.filter((chart) => !/^<svg [^>]*role="img" aria-label="[^"]{20,}"[^>]*><title>[^<]{5,}<\/title>/.test(chart))).toEqual([]);
  });

  it('is followed by the same as a table', () => {
    const figures = page.match(/<figure>[\s\S]*?<\/figure>/g) ?? [];
    expect(figures.length).toBe(charts.length / 2);
    expect(figures.filter((figure) => !/<details><summary>[^<]+<\/summary>\s*<div[^>]*><table>/.test(figure))).toEqual([]);
  });

  it('holds no identifier that another one could have, and no style or class of the library', () => {
    expect(charts.join('')).not.toMatch(/\bid="|url\(#|<style|CDATA|zr\d|ecmeta/);
  });

  it('is drawn for wide and for narrow screens', () => {
    const classes = charts.map((chart) => /class="(\w+)"/.exec(chart)?.[1]);
    expect(classes.filter((name) => name === 'wide').length).toBe(classes.filter((name) => name === 'narrow').length);
  });
});

describe('the structure', () => {
  it('has one heading of the first level, and none that leaves out a level', () => {
    const levels = [...page.matchAll(/<h([1-6])\b/g)].map(([, level]) => Number(level));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    expect(levels.filter((level, at) => level - (levels[at - 1] ?? 0) > 1 || level > 3)).toEqual([]);
  });

  it('has its landmarks, and every section is labelled by its heading', () => {
    for (const landmark of ['header', 'nav', 'main', 'footer']) expect(page.match(new RegExp(`<${landmark}[ >]`, 'g'))).toHaveLength(1);
    const labels = [...page.matchAll(/aria-labelledby="([\w-]+)"/g)].map(([, id]) => id);
    expect(labels.filter((id) => !page.includes(`<h2 id="${id}">`))).toEqual([]);
  });

  it('has no identifier twice', () => {
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });

  it('says of every head of a table what it heads, and every table has a caption and scrolls by itself', () => {
    expect(page.match(/<th(?![a-z])(?! scope="(?:col|row)")/g)).toBeNull();
    const tables = page.match(/<table>\s*<caption>[^<]+/g) ?? [];
    expect(page.match(/<table\b/g)).toHaveLength(tables.length);
    expect(page.match(/<div class="scroll" role="group" tabindex="0" aria-label="[^"]+"><table>/g)).toHaveLength(tables.length);
  });

  it('closes every element that it opens, in order', () => {
    const open: string[] = [];
    const wrong: string[] = [];
    for (const [, end, tag = '', own] of page.matchAll(/<(\/?)([a-z][\w]*)(?:\s[^<>]*?)?(\/?)>/gi)) {
      if (tag === 'meta' || own === '/') continue;
      if (end === '') open.push(tag);
      else if (open.pop() !== tag) wrong.push(tag);
    }
    expect([wrong, open]).toEqual([[], []]);
  });
});

describe('on paper', () => {
  it('the dark scheme is not used, charts and rows stay whole, and long tables do not scroll', () => {
    const paper = STYLE.slice(STYLE.indexOf('@media print'));
    expect(STYLE).toContain('@media screen and (prefers-color-scheme:dark)');
    expect(paper).toMatch(/figure,article,tr[^{]*\{break-inside:avoid\}/);
    expect(paper).toContain('.scroll{overflow:visible}');
    expect(paper).toContain('.new-page{break-before:page}');
  });
});
