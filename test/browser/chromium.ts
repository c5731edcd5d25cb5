/** Chromium without a window, without a network, and without anything of this machine's user. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';

/** Where Debian has it. */
const DEBIAN = '/usr/bin/chromium';

/** Without a sandbox, because the root of a container has none to use; what is opened is a page of our own. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];

/** @throws where there is none, with what to do @param environment `CHROMIUM` names another one */
export function chromiumPath(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const path = environment.CHROMIUM ?? DEBIAN;
  if (existsSync(path)) return path;
  throw new Error(
    `There is no Chromium at ${path}, so no page was looked at. Install it (on Debian: apt-get install chromium), or name another one: CHROMIUM=/path/to/chromium npm run test:browser`,
  );
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Opens a browser whose folder is new and goes with it, and is offline from the beginning. @throws Error where this process is to end */
export async function withChromium<Result>(path: string, use: (browser: BrowserContext) => Promise<Result>): Promise<Result> {
  const interrupted = Promise.withResolvers<never>();
  interrupted.promise.catch(() => {}); // it may come before anybody waits for it
  const interrupt = () => interrupted.reject(new Error('It was interrupted.'));
  for (const signal of SIGNALS) process.on(signal, interrupt);
  const folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-chromium-'));
  try {
    const browser = await chromium.launchPersistentContext(folder, {
      executablePath: path,
      headless: true,
      args: ARGUMENTS,
      offline: true,
      serviceWorkers: 'block',
      acceptDownloads: false,
      handleSIGINT: false,
      handleSIGTERM: false,
    });
    try {
      return await Promise.race([use(browser), interrupted.promise]);
    } finally {
      await browser.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}
