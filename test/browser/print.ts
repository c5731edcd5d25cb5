/** The page on paper. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

/** An object of a PDF that is a page, and not the tree of them. */
const PAGE = /\/Type\s*\/Page(?![a-zA-Z])/g;

/** Prints in the colours of paper, whatever the screen has. @returns number of pages */
export async function demandPrint(page: Page, path: string): Promise<number> {
  await page.emulateMedia({ media: 'print', colorScheme: 'light' });
  await page.pdf({ path, format: 'A4', printBackground: true, preferCSSPageSize: true });
  await page.emulateMedia({ media: 'screen' });
  const text = readFileSync(path, 'latin1');
  assert.ok(text.startsWith('%PDF'), 'What was printed is no PDF.');
  const pages = text.match(PAGE)?.length ?? 0;
  assert.ok(pages > 1, `What was printed has ${pages} pages.`);
  return pages;
}
