/** A worker that dies at any of its calls, before it or right after it: every part is there exactly once. */
import { describe, expect, it } from 'vitest';
import type { Acting } from '../../../lambdas/engine/contract.ts';
import type { Database, Statement } from '../../../lambdas/ports/database.ts';
import type { CopySession, PartCopy } from '../../../lambdas/ports/part-copy.ts';
import type { Need } from '../../../lambdas/ports/ports.ts';
import { endsEqual, nothingTwice, partsDone, seededKeyless, within, withPorts, workOn } from '../../support/exactly-once.ts';
import { versions } from '../../support/versions.ts';
import type { World } from '../../support/world.ts';

/** A process that is gone: the kernel has closed its connections, and nothing more is sent. */
class Killed extends Error {
  override readonly name = 'Killed';
}

type Moment = 'before' | 'after';

/** Whether a step dies at a call of a port, by its number and what it asks for. */
type Death = (calls: number, what: string) => boolean;

/** Lets a step die. */
function dyingAt(death: Death, moment: Moment) {
  let calls = 0;
  let isDead = false;
  const last: string[] = [];
  const sessions: CopySession[] = [];
  const die = (): never => {
    isDead = true;
    for (const session of sessions) session.leave();
    throw new Killed('killed');
  };
  const call = async <Result>(what: string, act: () => Promise<Result>): Promise<Result> => {
    if (isDead) throw new Killed('killed');
    calls += 1;
    last.push(what);
    const isDying = death(calls, what);
    if (isDying && moment === 'before') die();
    const result = await act();
    if (isDead || isDying) die();
    return result;
  };
  const real = new WeakMap<CopySession, CopySession>();
  const dyingSession = (session: CopySession): CopySession => {
    sessions.push(session);
    const dying: CopySession = {
      get pid() {
        return session.pid;
      },
      get isLost() {
        return session.isLost;
      },
      query: (statement) => call(statement.text.trim(), () => session.query(statement)),
      send: (statement) => session.send(statement),
      end: () => session.end(),
      leave: () => session.leave(),
    };
    real.set(dying, session);
    return dying;
  };
  const dyingDatabase = (database: Database): Database => ({
    ...database,
    query: <Row>(statement: Statement<Row>) => call(statement.text.trim(), () => database.query(statement)),
  });
  const dyingCopy = (copy: PartCopy): PartCopy => ({
    ...copy,
    openSource: (tag) => call('open source', async () => dyingSession(await copy.openSource(tag))),
    openTarget: (tag) => call('open target', async () => dyingSession(await copy.openTarget(tag))),
    pass: (from, out, to, into, onBytes) => call('pass', () => copy.pass(real.get(from) ?? from, out, real.get(to) ?? to, into, onBytes)),
  });
  return {
    step: withPorts('CopyParts', (ctx: Acting<Need>) => ({ ...ctx, target: dyingDatabase(ctx.target), partCopy: dyingCopy(ctx.partCopy) })),
    died: () => isDead,
    last: () => last.at(-1) ?? '',
  };
}

/** Calls of about two parts, with those at the beginning of a visit. */
const CALLS = 34;

/** Where a death has to be survived. */
const MOMENTS = [/^open target/, /^pass$/, /^commit/, /pg_try_advisory_xact_lock/, /set rows = /, /set done_at = clock/];

/**
 * One worker dies at its first call, then at its second, and so on; then where it has not died yet, since the worker beside it shifts the count.
 */
async function dyingEverywhere(world: World, worker: number, moment: Moment): Promise<void> {
  const at: string[] = [];
  const visit = async (name: string, death: Death): Promise<void> => {
    const dying = dyingAt(death, moment);
    await expect(world.run('CopyParts', dying.step, { execution: `${moment} ${name}`, state: { worker } })).rejects.toThrow();
    expect(dying.died()).toBe(true);
    at.push(dying.last());
    await nothingTwice(world);
  };
  for (let call = 1; call <= CALLS; call += 1) await visit(String(call), (calls) => calls >= call);
  for (const where of MOMENTS) {
    if (!at.some((what) => where.test(what))) await visit(where.source, (_, what) => where.test(what));
  }
}

describe.each(versions([13, 18], [17, 18]))('workers from %i to %i that die at any call', (source, target) => {
  it('leave every part there exactly once, whoever works beside them', () =>
    within(seededKeyless({ source, target, rows: 4_000 }), async (world) => {
      await Promise.all([dyingEverywhere(world, 1, 'before'), dyingEverywhere(world, 2, 'after')]);
      expect(await partsDone(world)).toBeGreaterThan(2);
      await workOn(world, { execution: 'last' });
      await endsEqual(world, { execution: 'last' });
    }));
});
