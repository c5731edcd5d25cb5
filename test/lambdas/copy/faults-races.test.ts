/** A worker that goes on after others took its place: it was frozen, or cut off, at the worst moment. */
import { describe, expect, it } from 'vitest';
import type { Statement } from '../../../lambdas/ports/database.ts';
import { atGate, endsEqual, gated, nothingTwice, openGate, seededKeyless, within, withPorts, workOn } from '../../support/exactly-once.ts';
import { leftToStream, partsOf } from '../../support/in-parts.ts';
import { eventually } from '../../support/replicated.ts';
import type { World } from '../../support/world.ts';

/** The step, which stands still before the `nth` statement of our own role on the target that matches, until it is let go. */
function frozenAt(matching: RegExp, nth = 1) {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let met = 0;
  const step = withPorts('CopyParts', (ctx) => ({
    ...ctx,
    target: {
      ...ctx.target,
      async query<Row>(statement: Statement<Row>) {
        if (matching.test(statement.text)) met += 1;
        if (met === nth && matching.test(statement.text)) {
          reached.resolve();
          await released.promise;
        }
        return ctx.target.query(statement);
      },
    },
  }));
  return { step, reached: reached.promise, letGo: () => released.resolve() };
}

const SETTLES = /where done_at is null and xid is not null/;
/** Dies right after it has committed a part, before it could say so. The first of these statements begins the visit. */
function dyingUnsettled() {
  let met = 0;
  return withPorts('CopyParts', (ctx) => ({
    ...ctx,
    target: {
      ...ctx.target,
      async query<Row>(statement: Statement<Row>) {
        if (SETTLES.test(statement.text)) met += 1;
        if (met > 1) throw new Error('killed');
        return ctx.target.query(statement);
      },
    },
  }));
}

const endCopySessions = async (world: World): Promise<void> => {
  const there = `from pg_stat_activity where usename ~ '^planetscale_migration_copy' and datname = current_database()`;
  await world.target(`select pg_terminate_backend(pid) ${there}`);
  await eventually(async () => (await world.target(`select ${there}`)).length === 0);
};

/** Bytes, so that a table of 800 rows is two parts. */
const TWO_PARTS = 200_000;
/** Bytes, so that several such tables are one part, which cannot be split. */
const TOGETHER = 1_000_000;

describe('a worker that was frozen', () => {
  it('before it could record that its rows were sent, takes nothing back of what another has brought meanwhile', () =>
    within(seededKeyless({ rows: 800, partBytes: TWO_PARTS }), async (world) => {
      const frozen = frozenAt(/set rows = /);
      const visit = world.run('CopyParts', frozen.step, { state: { worker: 1 } }).catch(() => {});
      await frozen.reached;
      await endCopySessions(world);
      // Another execution begins with the first part, which the frozen one has begun.
      await expect(world.run('CopyParts', dyingUnsettled(), { state: { worker: 2 }, execution: 'other' })).rejects.toThrow();
      expect((await partsOf(world)).filter(({ rows }) => rows !== null)).toMatchObject([{ part: 1, done: false }]);
      frozen.letGo();
      await visit;
      await workOn(world, { execution: 'again' });
      await nothingTwice(world);
      await endsEqual(world, { execution: 'again' });
    }));

  it('before it could split a part, splits nothing that another has brought meanwhile', () =>
    within(seededKeyless({ rows: 800, partBytes: TWO_PARTS, atTarget: gated(['first'], 100) }), async (world) => {
      // The tables of the part are asked for when it begins, and when it did not end.
      const frozen = frozenAt(/with ordinality as e/, 2);
      const visit = world.run('CopyParts', frozen.step, { state: { worker: 1 }, budgetMs: 15_000 }).catch(() => {});
      await atGate(world, 1);
      await frozen.reached;
      await endCopySessions(world);
      await openGate(world);
      const before = (await partsOf(world)).length;
      // Another execution begins with the first part, which the frozen one has begun.
      await expect(world.run('CopyParts', dyingUnsettled(), { state: { worker: 2 }, execution: 'other' })).rejects.toThrow();
      expect((await partsOf(world)).filter(({ rows }) => rows !== null)).toMatchObject([{ part: 1, done: false }]);
      frozen.letGo();
      await visit;
      expect(await partsOf(world)).toHaveLength(before);
      await workOn(world, { execution: 'again' });
      await nothingTwice(world);
      await endsEqual(world, { execution: 'again' });
    }));

  it('before it could leave a table to the stream, leaves none once the copy is finished', () =>
    within(seededKeyless({ rows: 800, partBytes: TOGETHER, atTarget: gated() }), async (world) => {
      const frozen = frozenAt(/set streamed = \$2/);
      expect(await partsOf(world)).toHaveLength(1);
      const visit = world.run('CopyParts', frozen.step, { state: { worker: 1 }, budgetMs: 15_000 }).catch(() => {});
      await frozen.reached;
      await endCopySessions(world);
      await openGate(world);
      await workOn(world, { execution: 'again' });
      await world.until('FinishParts', { execution: 'again' });
      frozen.letGo();
      await visit;
      expect(await leftToStream(world)).toEqual({});
      await endsEqual(world, { execution: 'again' });
    }));
});
