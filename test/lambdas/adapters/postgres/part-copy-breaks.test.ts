/** What ends a copy in the middle: a server, a session, the network. Rows come without end, so that it always is the middle. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { partCopyPort } from '../../../../lambdas/adapters/postgres/part-copy.ts';
import type { MigrationError } from '../../../../lambdas/config/errors.ts';
import { StatementFailed, TransientError } from '../../../../lambdas/config/errors.ts';
import type { CopySession, PartCopy } from '../../../../lambdas/ports/part-copy.ts';
import { identifier, literal, statement } from '../../../../lambdas/postgres/quote.ts';
import { CHECK_VIOLATION, UNDEFINED_TABLE } from '../../../../lambdas/postgres/sqlstates.ts';
import { WireProxy } from '../../../support/proxy.ts';
import { sqlOn, startWorld, type World } from '../../../support/world.ts';

const TABLE = 'create table public.t (id int primary key, word text)';
const WITHOUT_END = `copy (select generate_series(1, 1000000000), repeat('x', 500)) to stdout`;
const IN = 'copy public.t from stdin';
const SLOT = 'planetscale_part';
/** Long enough for a busy machine to move a byte in. */
const STALL_MS = 3_000;
const DIVISION_BY_ZERO = '22012';
const UNIQUE_VIOLATION = '23505';

let world: World;
let parts: PartCopy;
/** The same, which soon gives up what is silent. */
let impatient: PartCopy;
let atSource: WireProxy;
let atTarget: WireProxy;
const opened: CopySession[] = [];

async function until(met: () => Promise<boolean>): Promise<void> {
  while (!(await met())) await new Promise((resolve) => setTimeout(resolve, 50));
}

beforeAll(async () => {
  world = await startWorld({ schema: TABLE, targetSchema: TABLE });
  await world.until('CreateReplicationRole');
  atSource = await WireProxy.start(world.database.source);
  atTarget = await WireProxy.start(world.database.target);
  const { looking } = world.ports('CopyParts');
  const sides = {
    source: { settings: atSource.login(world.database.source), looking: looking.source },
    target: { settings: atTarget.login(world.database.target), looking: looking.target },
  };
  parts = partCopyPort(world.places.replication, sides, 'CopyParts');
  impatient = partCopyPort(world.places.replication, sides, 'CopyParts', undefined, { stallMs: STALL_MS });
  await world.source(`grant select on public.t to ${identifier(world.places.replication.user)}`);
  await makeRole();
});
afterEach(async () => {
  atSource.heal();
  atTarget.heal();
  for (const session of opened.splice(0)) session.leave();
  await until(async () => (await backends('source')) + (await backends('target')) === 0);
});
afterAll(async () => {
  await atSource?.close();
  await atTarget?.close();
  await world?.destroy();
});

const makeRole = async () =>
  world.target(
    `create role ${identifier(parts.role)} login password ${literal(await parts.password())};
     grant select, insert, truncate on public.t to ${identifier(parts.role)}`,
  );
async function backends(side: 'source' | 'target'): Promise<number> {
  const user = side === 'source' ? world.places.replication.user : parts.role;
  const [row] = await world[side]('select count(*)::int as n from pg_stat_activity where usename = $1', [user]);
  return Number(row?.n);
}
async function open(): Promise<readonly [CopySession, CopySession]> {
  const pair = [await parts.openSource('part'), await parts.openTarget('part')] as const;
  opened.push(...pair);
  return pair;
}

/** Copies rows, and does `act` once some have arrived. @returns the error, after both sessions were lost and the servers kept nothing */
async function broken(act: (from: CopySession, to: CopySession) => unknown, copyOut = WITHOUT_END, by = parts): Promise<MigrationError> {
  const [from, to] = await open();
  let acted: unknown;
  const error = await by
    .pass(from, copyOut, to, IN, () => {
      acted ??= act(from, to);
    })
    .then(
      () => expect.unreachable('it was copied'),
      (thrown: MigrationError) => thrown,
    );
  await acted;
  expect([from.isLost, to.isLost]).toEqual([true, true]);
  await expect(from.query(statement('select'))).rejects.toBeInstanceOf(TransientError);
  await expect(to.query(statement('select'))).rejects.toBeInstanceOf(TransientError);
  for (const proxy of [atSource, atTarget]) proxy.heal();
  await until(async () => (await backends('source')) + (await backends('target')) === 0);
  await expect(world.target('select from public.t')).resolves.toEqual([]);
  return error;
}

const terminate = (side: 'source' | 'target', { pid }: CopySession) => world[side](`select pg_terminate_backend(${pid})`);

describe('a copy of rows that is broken off in the middle (#14)', () => {
  it('by the end of the session at the source, is tried again', async () => {
    expect(await broken((from) => terminate('source', from))).toBeInstanceOf(TransientError);
  });

  it('by the end of the session at the target, is tried again', async () => {
    expect(await broken((_, to) => terminate('target', to))).toBeInstanceOf(TransientError);
  });

  it('by a cut connection to the source, is tried again', async () => {
    const error = await broken(() => atSource.sever());
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toContain(world.places.replication.user);
  });

  it('by a cut connection to the target, is tried again', async () => {
    const error = await broken(() => atTarget.sever());
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toContain(parts.role);
  });

  it('by a source that falls silent, is tried again', async () => {
    const error = await broken(() => atSource.blackhole(), WITHOUT_END, impatient);
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(new RegExp(`no byte .* as ${world.places.replication.user}`));
  });

  it('by a target that falls silent, is tried again', async () => {
    const error = await broken(() => atTarget.blackhole(), WITHOUT_END, impatient);
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(new RegExp(`no byte .* as ${parts.role}`));
  });

  it.each(['source', 'target'] as const)('by us, who leave the %s, ends at once', async (side) => {
    const error = await broken((from, to) => ({ source: from, target: to })[side].leave());
    expect(error).toBeInstanceOf(TransientError);
  });

  it('by a target that is silent from the beginning, is tried again', async () => {
    const [from, to] = await open();
    atTarget.when(/copy public.t/, 'request', () => atTarget.blackhole());
    await expect(impatient.pass(from, WITHOUT_END, to, IN)).rejects.toBeInstanceOf(TransientError);
    expect([from.isLost, to.isLost]).toEqual([true, true]);
  });

  it('by a source that cannot read on, says what it said', async () => {
    const error = await broken(
      () => {},
      `copy (select n, (1 / (30000 - n))::text from (select generate_series(1, 1000000000) as n) as s) to stdout`,
    );
    expect(error).toBeInstanceOf(StatementFailed);
    expect(error).toMatchObject({ complaint: { code: DIVISION_BY_ZERO } });
  });

  it.each([
    ['a unique key', UNIQUE_VIOLATION, `copy (select generate_series(1, 1000000000) % 10000, 'x') to stdout`],
    ['a check', CHECK_VIOLATION, WITHOUT_END],
  ])('by a row against %s, says what the target said', async (_, code, copyOut) => {
    await world.target('alter table public.t add constraint small check (id < 20000)');
    const error = await broken(() => {}, copyOut);
    await world.target('alter table public.t drop constraint small');
    expect(error).toBeInstanceOf(StatementFailed);
    expect(error).toMatchObject({ complaint: { code, schema: 'public', table: 't' } });
  });

  it.each([
    ['source', 'copy public.nothing to stdout', IN],
    ['target', WITHOUT_END, 'copy public.nothing from stdin'],
  ])('before it began, says what the %s said', async (_, copyOut, copyIn) => {
    const [from, to] = await open();
    await expect(parts.pass(from, copyOut, to, copyIn)).rejects.toMatchObject({
      name: 'StatementFailed',
      message: expect.stringContaining('"public.nothing" does not exist'),
      complaint: { code: UNDEFINED_TABLE },
    });
  });

  it('keeps what code at the target says to itself, since it may hold data', async () => {
    await world.target(`create function public.refuse(int) returns bool language plpgsql as $$ begin
      if $1 > 1000 then raise exception 'canary %', $1; end if; return true; end $$;
      alter table public.t add constraint code check (public.refuse(id))`);
    const error = await broken(() => {});
    await world.target('alter table public.t drop constraint code');
    expect(error).toMatchObject({ name: 'StatementFailed', complaint: { code: 'P0001' } });
    expect(error.message).not.toContain('canary');
  });
});

describe('a slot whose making is broken off (#14)', () => {
  /** While a transaction of another session is open that writes. */
  async function whileWriting(work: () => Promise<void>): Promise<void> {
    const session = await world.ports('Writer').acting.source.session('writer');
    await session.script('begin; insert into public.t values (-1)');
    await work();
    await session.script('rollback');
    await session.end();
    await expect(world.source('select from pg_replication_slots')).resolves.toEqual([]);
  }
  const making = async () => (await world.source('select from pg_replication_slots where active')).length > 0;

  it('by a cut connection, leaves none behind', () =>
    whileWriting(async () => {
      const made = parts.createSlot(SLOT, 60_000).catch((error: unknown) => error);
      await until(making);
      atSource.sever();
      atSource.heal();
      expect(await made).toBeInstanceOf(TransientError);
    }));

  it('by the end of its session, leaves none behind', () =>
    whileWriting(async () => {
      const made = parts.createSlot(SLOT, 60_000).catch((error: unknown) => error);
      await until(making);
      await world.source('select pg_terminate_backend(active_pid) from pg_replication_slots');
      expect(await made).toBeInstanceOf(TransientError);
      await until(async () => !(await making()));
    }));
});

describe('the login of the copy at the target (#14)', () => {
  it('is tried again where a proxy does not know it yet', async () => {
    await world.target(`drop owned by ${identifier(parts.role)}; drop role ${identifier(parts.role)}`);
    const opening = parts.openTarget('new');
    await until(async () => (await refusedLogins()) > 0);
    await makeRole();
    const session = await opening;
    opened.push(session);
    expect(session.isLost).toBe(false);
  });

  /** The proxy has passed on nothing but logins that were refused. */
  const refusedLogins = async (): Promise<number> => {
    const other = sqlOn({ ...world.database.target, user: `${parts.role}.${world.pair.edge.branch}`, password: await parts.password() });
    return other('select').then(
      () => 0,
      () => 1,
    );
  };
});
