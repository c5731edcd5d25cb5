/** What must be true of a page at every width and in both colour schemes. */
import assert from 'node:assert/strict';
import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** Of a phone and of a screen, in pixels. */
export const WIDTHS = [400, 1400] as const;
export const SCHEMES = ['light', 'dark'] as const;
const HEIGHT = 900;

/** Contrast, names, landmarks, tables and headings, as far as a program can judge them. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Looks at the page in each width and scheme. @param pictures what their files begin with @param also what else to look at there */
export async function inspectLayout(page: Page, pictures: string, also: () => Promise<void>): Promise<void> {
  const backgrounds = new Set<string>();
  await page.evaluate(axe.source);
  for (const colorScheme of SCHEMES) {
    for (const width of WIDTHS) {
      const where = `at ${width} pixels, ${colorScheme}`;
      await page.setViewportSize({ width, height: HEIGHT });
      await page.emulateMedia({ colorScheme });
      await also();
      await fold(page, true);
      await demandNoScroll(page, where);
      await demandAccessible(page, where);
      await fold(page, false);
      await demandNoScroll(page, where);
      backgrounds.add(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor'));
      await page.screenshot({ path: `${pictures}-${width}-${colorScheme}.png`, fullPage: true });
    }
  }
  assert.equal(backgrounds.size, SCHEMES.length, `Light and dark have the same background: ${[...backgrounds].join(', ')}.`);
}

/** Opens, or closes, what a reader may. */
async function fold(page: Page, open: boolean): Promise<void> {
  await page.evaluate(`for (const folded of document.querySelectorAll('details')) folded.open = ${open}`);
}

/** Wide tables may scroll in a box of their own; the page may not. */
async function demandNoScroll(page: Page, where: string): Promise<void> {
  const [scroll = 0, client = 0] = await page.evaluate<number[]>(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  );
  assert.ok(scroll <= client, `The page is ${scroll} pixels wide ${where}, so it scrolls sideways.`);
}

async function demandAccessible(page: Page, where: string): Promise<void> {
  const options = { runOnly: { type: 'tag', values: RULES }, resultTypes: ['violations'] };
  const { violations, passes } = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
  assert.ok(passes.length > 10, `Next to nothing was judged ${where}.`);
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.slice(0, 5).map(({ target, failureSummary }) => `${id} (${help}) at ${target.join(' ')}: ${failureSummary}`),
  );
  assert.deepEqual(found, [], `Not accessible ${where}`);
}

/** One first heading, and none that skips a level. */
export async function demandHeadings(page: Page): Promise<number> {
  const headings = await page.locator('h1, h2, h3, h4, h5, h6').all();
  const levels = await Promise.all(headings.map((heading) => heading.evaluate((node) => Number(node.tagName.slice(1)))));
  const texts = await Promise.all(headings.map((heading) => heading.innerText()));
  assert.equal(levels[0], 1, 'The first heading is not the largest.');
  assert.equal(levels.filter((level) => level === 1).length, 1, 'There is more than one first heading.');
  for (const [at, level] of levels.entries()) {
    assert.ok(level - (levels[at - 1] ?? 0) <= 1, `The heading "${texts[at]}" skips a level.`);
    assert.ok((texts[at] ?? '').trim() !== '', 'A heading is empty.');
  }
  return levels.length;
}
