/** What a page asks for and complains of, from before it is opened. */
import type { BrowserContext, Page } from 'playwright-core';

export interface Watching {
  readonly page: Page;
  /** Addresses that were asked for, whether or not they were answered. */
  readonly requests: readonly string[];
  /** Everything in the console that is an error or a warning, and every issue that DevTools would show. */
  readonly complaints: readonly string[];
}

/** Kinds of messages that say that something is wrong. */
const BAD = new Set(['error', 'warning', 'assert']);

/** A new page of the browser, on which nothing was opened yet. */
export async function watchedPage(browser: BrowserContext): Promise<Watching> {
  const page = await browser.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  browser.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => {
    if (BAD.has(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('requestfailed', (request) => complaints.push(`not loaded: ${request.url()}`));
  page.on('crash', () => complaints.push('the page crashed'));
  // Among them what a content security policy has refused.
  const devtools = await browser.newCDPSession(page);
  devtools.on('Audits.issueAdded', ({ issue }) => complaints.push(`issue ${issue.code}: ${JSON.stringify(issue.details)}`));
  await devtools.send('Audits.enable');
  return { page, requests, complaints };
}
