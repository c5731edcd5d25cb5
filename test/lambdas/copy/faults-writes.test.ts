/** A target that takes no writes for a while, or has no room. */
import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StatementFailed, TransientError } from '../../../lambdas/config/errors.ts';
import { serverOwner } from '../../../rehearsal/servers/binaries.ts';
import { atGate, endsEqual, gated, nothingTwice, openGate, partsDone, seededKeyless, within, workOn } from '../../support/exactly-once.ts';
import { partsOf } from '../../support/in-parts.ts';
import { eventually } from '../../support/replicated.ts';
import type { World } from '../../support/world.ts';

/** As a replica is, and a cluster that its provider has made read-only. @returns what lets it take writes again */
async function makeReadOnly({ pair: { target }, target: run }: World): Promise<() => Promise<void>> {
  const [{ data_directory: folder } = {}] = await run('show data_directory');
  await target.stop('fast');
  writeFileSync(join(String(folder), 'standby.signal'), '', { mode: 0o666 });
  const started = target.resume();
  await eventually(async () => (await run('select pg_is_in_recovery() as so').catch(() => []))[0]?.so === true);
  return async () => {
    await run('select pg_promote()');
    await started;
  };
}

describe('a target that takes no writes any more', () => {
  it('is named by the workers and by FinishParts; when it takes them again, they go on', () =>
    within(seededKeyless({ rows: 1_000, atTarget: gated() }), async (world) => {
      const working = workOn(world).catch((error: unknown) => error);
      await atGate(world, 3);
      const takeWritesAgain = await makeReadOnly(world);
      expect(await working).toBeInstanceOf(StatementFailed);
      const done = await partsDone(world);
      for (const step of ['CopyParts', 'FinishParts'] as const) {
        const visit = () => world.visit(step, { state: { worker: 1 } });
        await eventually(async () => !((await visit().catch((error: unknown) => error)) instanceof TransientError));
        await expect(visit()).rejects.toMatchObject({
          name: 'StatementFailed',
          message: expect.stringMatching(/takes no writes.*start again/s),
        });
      }
      expect(await partsDone(world)).toBe(done);
      await takeWritesAgain();
      await openGate(world);
      await workOn(world, { execution: 'again' });
      expect((await partsOf(world)).every(({ done: there }) => there)).toBe(true);
      await endsEqual(world, { execution: 'again' });
    }));
});

const MEGABYTE = 1_048_576;
const mount = (folder: string, bytes: number, more = '') =>
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}${more}`, 'tmpfs', folder], { stdio: 'pipe' });

/** A small disk of its own; undefined where this process may not mount one. */
function smallDisk(): { readonly folder: string; grow(): void; remove(): void } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
  try {
    mount(folder, MEGABYTE);
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  const owner = serverOwner();
  if (owner) chownSync(folder, owner.uid, owner.gid);
  return {
    folder,
    grow: () => mount(folder, 100 * MEGABYTE, ',remount'),
    remove: () => {
      execFileSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

describe('a target whose disk is full', () => {
  it('is named by FinishParts; with room the copy goes on', async ({ skip }) => {
    const disk = smallDisk();
    if (!disk) return skip('no disk can be mounted here');
    try {
      await within(seededKeyless({ rows: 4_000 }), async (world) => {
        await world.target(`create tablespace small location '${disk.folder}'`);
        await world.target('alter table second set tablespace small');
        const full = workOn(world, { workers: 2 });
        await expect(full).rejects.toMatchObject({ complaint: { code: '53100' } });
        await workOn(world, { workers: 2 }).catch(() => {});
        await nothingTwice(world);
        await expect(world.visit('FinishParts')).rejects.toMatchObject({
          name: 'CopyStalled',
          message: expect.stringMatching(/No space left on device.*parts are there and stay.*start Replicate again/s),
        });
        const failed = (await partsOf(world)).filter(({ attempts, done }) => Number(attempts) >= 5 && !done);
        expect(failed).toEqual([]);
        disk.grow();
        await workOn(world, { execution: 'again' });
        await endsEqual(world, { execution: 'again' });
      });
    } finally {
      disk.remove();
    }
  });
});
