/**
 * Where a run of the tests keeps its servers: in memory where there is room, because most of what a short-lived server does to a disk is to
 * make files and to remove them again. One folder for everything temporary, gone when the run is over.
 */
import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { tieFolderToThisProcess } from '../../rehearsal/servers/lifeline.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder for `keepOriginalsIn`. */
    readonly originals: string;
  }
}

const MEMORY = '/dev/shm';
/** Some ten servers at a time of 150 MB each, and as much again for those with many rows. */
const ROOM_BYTES = 4 * 1024 ** 3;

function hasRoomInMemory(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false; // not every system has it
  }
}

/** Vitest calls it before it starts the processes that run test files, which inherit the environment; and what it returns, after the last. */
export default function setUp({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(hasRoomInMemory() ? MEMORY : tmpdir(), 'aurora-to-planetscale-tests-'));
  const originals = join(folder, 'originals');
  mkdirSync(originals);
  for (const path of [folder, originals]) chmodSync(path, 0o755); // servers may run as another user
  tieFolderToThisProcess(folder); // a run that is killed must not keep memory
  process.env.TMPDIR = folder;
  provide('originals', originals);
  return () => rmSync(folder, { recursive: true, force: true });
}
