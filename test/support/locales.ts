/**
 * Locales in which money has no cents, or a decimal comma: made from the sources of the C library where the system does not have them, in a
 * folder that the servers of this process look into (https://www.gnu.org/software/libc/manual/html_node/Locale-Names.html).
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SYSTEM = '/usr/lib/locale';

/** @returns the locales as a server knows them, and how the folder goes; a locale that cannot be made is an error */
export function makeLocales<const Names extends readonly string[]>(...names: Names): { readonly names: Names; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-locales-'));
  chmodSync(folder, 0o755); // the servers may run as a user of their own
  for (const name of names) execFileSync('localedef', ['-i', name.replace(/[.].*$/, ''), '-f', 'UTF-8', join(folder, name)]);
  process.env.LOCPATH = `${folder}:${SYSTEM}`;
  return {
    names,
    remove() {
      delete process.env.LOCPATH;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
