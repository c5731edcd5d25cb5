/** Workers that are killed as the kernel kills, in the middle of their rows; and an execution that is stopped and started again. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  atGate,
  endsEqual,
  gated,
  nothingTwice,
  openGate,
  partsDone,
  seededKeyless,
  TABLES,
  within,
  workOn,
} from '../../support/exactly-once.ts';
import { partsOf, plan } from '../../support/in-parts.ts';
import { eventually } from '../../support/replicated.ts';
import type { WorkerJob } from '../../support/worker-process.ts';
import type { World } from '../../support/world.ts';

const ENTRY = fileURLToPath(new URL('../../support/worker-process.ts', import.meta.url));
async function startProcess(world: World, worker: number, execution: string): Promise<ChildProcess> {
  const { source, target, replication } = world.places;
  const child = fork(ENTRY, { serialization: 'advanced', execArgv: [] });
  const job: WorkerJob = {
    ...{ worker, execution, budgetMs: 600_000, source, target },
    passwords: {
      source: await replication.password('source'),
      target: await replication.password('target'),
      copy: await replication.password('copy'),
    },
  };
  child.send(job);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

describe('processes of workers', () => {
  it('may be killed in the middle of their rows, again and again', () =>
    within(seededKeyless({ rows: 3_000, partBytes: 64_000, atTarget: gated(TABLES) }), async (world) => {
      for (let round = 1; round <= 4; round += 1) {
        const children = await Promise.all([1, 2, 3].map((worker) => startProcess(world, worker, 'killed')));
        await atGate(world, 3);
        for (const child of children) await kill(child);
        await nothingTwice(world);
        await openGate(world, 500 + 500 * round);
      }
      await openGate(world);
      await workOn(world, { execution: 'killed' });
      expect((await partsOf(world)).filter(({ error }) => error !== null)).toEqual([]);
      await endsEqual(world, { execution: 'killed' });
    }));

  it('may go on while another execution has begun with another number of workers', () =>
    within(seededKeyless({ rows: 2_000, partBytes: 64_000, atTarget: gated() }), async (world) => {
      const abandoned = await Promise.all([1, 2, 3, 4].map((worker) => startProcess(world, worker, 'stopped')));
      await atGate(world, 4);
      await kill(abandoned[0] as ChildProcess);
      // Somebody still copies: nothing is finished behind its back.
      expect((await world.visit('FinishParts', { execution: 'second' })).verdict).toBe('pending');
      expect((await world.until('SeedCopy', { execution: 'second', input: { copyWorkers: 2 } })).evidence).toMatchObject({ way: 'parts' });
      const second = workOn(world, { execution: 'second', workers: 2 });
      await atGate(world, 5);
      await openGate(world);
      await second;
      await eventually(async () => (await partsDone(world)) === (await partsOf(world)).length);
      for (const child of abandoned.slice(1)) if (child.exitCode === null) await kill(child);
      await endsEqual(world, { execution: 'second' });
    }));
});

describe('two executions', () => {
  it('copy at the same time with workers of the same numbers', () =>
    within(seededKeyless(), async (world) => {
      await Promise.all(['one', 'two'].map((execution) => workOn(world, { execution })));
      expect((await partsOf(world)).every(({ done, error }) => done === true && error === null)).toBe(true);
      await endsEqual(world, { execution: 'two' });
    }));

  it('end nothing of one another’s where they copy databases of one server', () =>
    within(seededKeyless({ partBytes: 32_000 }), async (world) => {
      const other = await world.sibling('the other');
      await plan(other);
      await other.until('SeedCopy');
      expect((await world.visit('SeedCopy')).evidence).not.toHaveProperty('snapshot');
      await Promise.all([workOn(world, { workers: 1 }), workOn(other, { workers: 1 })]);
      await other.until('FinishParts');
      expect((await world.visit('SeedCopy')).evidence).not.toHaveProperty('snapshot');
      // One after the other: where both make a role of the server at once, one of them is tried again.
      await endsEqual(world);
      await endsEqual(other);
    }));
});
