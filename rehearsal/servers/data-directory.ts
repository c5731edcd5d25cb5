/**
 * The data directory of a new server: made by initdb, which takes most of a second of a processor, or copied from one that initdb made
 * before. A copy has the system identifier of its original, by which servers tell each other apart, so each cluster role has originals of
 * its own: a source may be a copy of another source, to which it never connects, but not of a target.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { Owner, ServerVersion } from './binaries.ts';

/** Servers of one role never connect to each other. */
export type ClusterRole = 'source' | 'target';

/**
 * The bootstrap superuser that initdb makes, under a name that no user has. RDS calls its own `rdsadmin`, and `postgres` is no superuser on
 * PlanetScale.
 */
const SUPERUSERS: Readonly<Record<ClusterRole, string>> = { source: 'rdsadmin', target: 'pscale_admin' };

export const superuserOf = (clusterRole?: ClusterRole): string => (clusterRole ? SUPERUSERS[clusterRole] : 'postgres');

export interface Initialisation {
  /** The server's own folder, where the data directory is made, and where the file `password` holds the superuser's password. */
  readonly folder: string;
  readonly version: ServerVersion;
  /** Folder with `bin/initdb`. */
  readonly binaries: string;
  /** User that runs it, and owner of the files. */
  readonly owner: Owner | undefined;
  /** Without it, the directory is a copy of no other. */
  readonly clusterRole: ClusterRole | undefined;
  /** Called with each process that works on it, so that it can be ended early. */
  readonly onProcess: (child: ChildProcess) => void;
}

let originals: string | undefined;

/**
 * From now on initdb is run once for each version and cluster role, and later servers copy what it has made.
 * @param folder belongs to the caller, who removes it; may be shared with other processes, and `nobody` has to be able to read it
 */
export function keepOriginalsIn(folder: string): void {
  originals = folder;
}

/** @returns path of the data directory, in which no server was ever started */
export async function makeDataDirectory(making: Initialisation): Promise<string> {
  const data = join(making.folder, 'data');
  const { clusterRole, version } = making;
  const original = clusterRole && originals ? join(originals, `${clusterRole}-${version}`) : undefined;
  if (original && existsSync(original)) {
    await run(making, 'cp', ['-Rp', original, data]);
    return data;
  }
  await run(making, join(making.binaries, 'bin', 'initdb'), [
    ...['--pgdata', data, '--username', superuserOf(clusterRole), '--pwfile', join(making.folder, 'password')],
    ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
  ]);
  if (original) await keep(making, data, original);
  return data;
}

/** Whole or not at all, even where another process does the same. */
async function keep(making: Initialisation, data: string, original: string): Promise<void> {
  const unfinished = `${original}.${basename(making.folder)}`;
  await run({ ...making, owner: undefined }, 'cp', ['-Rp', data, unfinished]);
  try {
    renameSync(unfinished, original);
  } catch {
    rmSync(unfinished, { recursive: true, force: true }); // another process was first
  }
}

async function run({ owner, folder, onProcess }: Initialisation, program: string, words: readonly string[]): Promise<void> {
  const running = promisify(execFile)(program, words, { ...owner, cwd: folder, env: {} });
  onProcess(running.child);
  await running;
}
