import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partCopyPort } from '../../../../lambdas/adapters/postgres/part-copy.ts';
import { StatementFailed } from '../../../../lambdas/config/errors.ts';
import type { CopySession, PartCopy } from '../../../../lambdas/ports/part-copy.ts';
import { identifier, literal, statement } from '../../../../lambdas/postgres/quote.ts';
import { CHECK_VIOLATION, DUPLICATE_OBJECT, UNDEFINED_TABLE } from '../../../../lambdas/postgres/sqlstates.ts';
import { versions } from '../../../support/versions.ts';
import { startWorld, type World } from '../../../support/world.ts';

const TABLE = 'create table public."Rows" (id int primary key, word text, bytes bytea)';
const ROWS = `insert into public."Rows" select n, repeat('word ' || n, n % 50), sha256(n::text::bytea) from generate_series(1, 20000) as n`;
const HASH = `select count(*)::int as rows, md5(string_agg(r::text, ',' order by id)) as hash from public."Rows" as r`;
const SLOT = 'planetscale_part';
/** Long enough for what does not have to wait. */
const AMPLE_MS = 60_000;

const outOf = (format: 'binary' | 'text') => `copy (select * from only public."Rows") to stdout (format ${format})`;
const into = (format: 'binary' | 'text') => `copy public."Rows" from stdin (format ${format})`;
const begin = statement('begin isolation level repeatable read');
const commit = statement('commit');
const take = (snapshot: string) => statement(`set transaction snapshot ${literal(snapshot)}`);

async function until(met: () => Promise<boolean>): Promise<void> {
  while (!(await met())) await new Promise((resolve) => setTimeout(resolve, 50));
}

describe.each(versions([11, 17] as const, [13, 18] as const, [15, 18] as const, [17, 18] as const, [18, 18] as const))(
  'a copy in parts from %i to %i (#14)',
  (source, target) => {
    let world: World;
    let parts: PartCopy;
    const opened: CopySession[] = [];
    const open = async (side: 'source' | 'target', tag = 'part'): Promise<CopySession> => {
      const session = await (side === 'source' ? parts.openSource(tag) : parts.openTarget(tag));
      opened.push(session);
      return session;
    };
    const slots = () => world.source(`select slot_name::text as name from pg_replication_slots`);
    const dropSlot = () => world.source(`select pg_drop_replication_slot($1)`, [SLOT]);

    beforeAll(async () => {
      world = await startWorld({ source, target, schema: TABLE, targetSchema: TABLE });
      await world.until('CreateReplicationRole');
      const { looking } = world.ports('CopyParts');
      parts = partCopyPort(
        world.places.replication,
        {
          source: { settings: world.database.source, looking: looking.source },
          target: { settings: world.database.target, looking: looking.target },
        },
        'CopyParts',
      );
      await world.source(ROWS);
      await world.source(`grant select on public."Rows" to ${identifier(world.places.replication.user)}`);
      await world.target(
        `create role ${identifier(parts.role)} login password ${literal(await parts.password())};
         grant select, insert, truncate on public."Rows" to ${identifier(parts.role)}`,
      );
    });
    afterAll(async () => {
      for (const session of opened) session.leave();
      await world?.destroy();
    });

    it.each(['binary', 'text'] as const)('passes rows on as %s', async (format) => {
      const [from, to] = [await open('source'), await open('target')];
      await to.query(begin);
      const passed = await parts.pass(from, outOf(format), to, into(format));
      await to.query(commit);
      expect(passed.rows).toBe(20_000);
      expect(passed.bytes).toBeGreaterThan(1_000_000);
      await expect(world.target(HASH)).resolves.toEqual(await world.source(HASH));
      expect([from.isLost, to.isLost]).toEqual([false, false]);
      await to.query(statement('truncate public."Rows"'));
      await from.end();
      await to.end();
    });

    describe('of several tables', () => {
      const names = ['first', 'second', 'third'];
      const tables = names.map((name) => ({
        copyOut: `copy public.${name} to stdout (format binary)`,
        copyIn: `set search_path = pg_catalog; copy public.${name} from stdin (format binary)`,
      }));
      const wide = `select id, repeat(md5(id::text), 2000)`;
      beforeAll(async () => {
        for (const name of names) {
          for (const side of ['source', 'target'] as const) await world[side](`create table public.${name} (id int, word text)`);
          await world.source(`grant select on public.${name} to ${identifier(world.places.replication.user)}`);
          await world.target(`grant select, insert, truncate on public.${name} to ${identifier(parts.role)}`);
        }
        await world.source(`insert into public.first ${wide} from generate_series(1, 500) as id`);
        await world.source(`insert into public.third ${wide} from generate_series(1, 3) as id`);
      });

      it('passes the rows of each on, at once', async () => {
        const [from, to] = [await open('source'), await open('target')];
        await to.query(begin);
        await expect(parts.passSeveral(from, to, tables)).resolves.toMatchObject({ rows: 503 });
        await to.query(commit);
        for (const name of names) {
          const hash = `select count(*)::int, md5(string_agg(r::text, ',' order by id)) from public.${name} as r`;
          await expect(world.target(hash)).resolves.toEqual(await world.source(hash));
        }
        expect([from.isLost, to.isLost]).toEqual([false, false]);
      });

      it('says what either end said of one of them, and brings none', async () => {
        await world.target('truncate public.first, public.third; alter table public.second add check (id < 2)');
        await world.source('insert into public.second values (1), (2)');
        const [from, to] = [await open('source'), await open('target')];
        await to.query(begin);
        await expect(parts.passSeveral(from, to, tables)).rejects.toMatchObject({ complaint: { code: CHECK_VIOLATION } });
        expect([from.isLost, to.isLost]).toEqual([true, true]);
        const [third, fourth] = [await open('source'), await open('target')];
        await fourth.query(begin);
        const missing = [...tables.slice(0, 1), { copyOut: 'copy public.missing to stdout', copyIn: 'copy public.third from stdin' }];
        await expect(parts.passSeveral(third, fourth, missing)).rejects.toMatchObject({ complaint: { code: UNDEFINED_TABLE } });
        await expect(world.target('select from public.first')).resolves.toEqual([]);
      });
    });

    it('passes no rows on, and again on the same sessions', async () => {
      const [from, to] = [await open('source'), await open('target')];
      for (const format of ['binary', 'text'] as const) {
        const none = `copy (select * from public."Rows" where id < 0) to stdout (format ${format})`;
        await expect(parts.pass(from, none, to, into(format))).resolves.toMatchObject({ rows: 0 });
      }
      await from.end();
      await to.end();
    });

    it('makes a slot with a snapshot that sees what was there before it, and nothing after', async () => {
      const slot = await parts.createSlot(SLOT, AMPLE_MS);
      expect(slot?.consistentPoint).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
      await world.source(`insert into public."Rows" (id) values (0)`);
      const reader = await open('source');
      await reader.query(begin);
      await reader.query(take(slot?.snapshot ?? ''));
      await expect(reader.query(statement(`select from public."Rows" where id = 0`))).resolves.toEqual([]);
      await world.source(`delete from public."Rows" where id = 0`);
      await slot?.end();
      await expect(slots()).resolves.toEqual([{ name: SLOT }]);
      await reader.end();
      await expect(parts.createSlot(SLOT, AMPLE_MS)).rejects.toMatchObject({ complaint: { code: DUPLICATE_OBJECT } });
      await expect(slots()).resolves.toEqual([{ name: SLOT }]);
      await dropSlot();
    });

    it('makes no slot while a write transaction is open, and leaves none behind', async () => {
      const writer = world.ports('Writer').acting.source;
      const session = await writer.session('writer');
      await session.script('begin; insert into public."Rows" (id) values (-1)');
      await expect(parts.createSlot(SLOT, 500)).resolves.toBeUndefined();
      await expect(slots()).resolves.toEqual([]);
      await expect(world.source(`select from pg_stat_activity where application_name ~ 'slot'`)).resolves.toEqual([]);
      await session.script('rollback');
      await session.end();
      const slot = await parts.createSlot(SLOT, AMPLE_MS);
      expect(slot).toBeDefined();
      await slot?.end();
      await dropSlot();
    });

    it('waits for its slot, and keeps its snapshot, whatever limits the role has', async () => {
      const limits = ['lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout'];
      const user = identifier(world.places.replication.user);
      await world.source(limits.map((limit) => `alter role ${user} set ${limit} = '1s'`).join(';'));
      const session = await world.ports('Writer').acting.source.session('writer');
      await session.script('begin; insert into public."Rows" (id) values (-1)');
      const making = parts.createSlot(SLOT, AMPLE_MS);
      const past = (state: string, column: string) => async () => {
        const [row] = await world.source(
          `select count(*)::int as n from pg_stat_activity where backend_type = 'walsender' and state = '${state}' and ${column} < clock_timestamp() - interval '1.5 s'`,
        );
        return row?.n === 1;
      };
      await until(past('active', 'query_start'));
      await session.script('rollback');
      await session.end();
      const slot = await making;
      await until(past('idle in transaction', 'state_change'));
      const reader = await open('source');
      await reader.query(begin);
      await reader.query(take(slot?.snapshot ?? ''));
      await reader.end();
      await slot?.end();
      await world.source(limits.map((limit) => `alter role ${user} reset ${limit}`).join(';'));
      await dropSlot();
    });

    it('keeps a snapshot in a session that sleeps without a client', async () => {
      const holder = await open('source', 'holder');
      await holder.query(begin);
      const [held] = await holder.query(statement<{ snapshot: string }>('select pg_export_snapshot() as snapshot'));
      holder.send(statement('select pg_sleep(86400)'));
      holder.leave();
      const state = () => world.source(`select state, query from pg_stat_activity where pid = ${holder.pid}`);
      await until(async () => (await state())[0]?.query === 'select pg_sleep(86400)');
      await world.source(`insert into public."Rows" (id) values (0)`);
      const reader = await open('source');
      await reader.query(begin);
      await reader.query(take(held?.snapshot ?? ''));
      await expect(reader.query(statement(`select from public."Rows" where id = 0`))).resolves.toEqual([]);
      await reader.end();
      await world.source(`delete from public."Rows" where id = 0`);
      await world.source(`select pg_terminate_backend(${holder.pid})`);
    });

    it('has the servers notice that a client is gone', async () => {
      for (const side of ['source', 'target'] as const) {
        const session = await open(side);
        await expect(
          session.query(statement(`select current_setting('tcp_keepalives_idle') as idle, pg_backend_pid() as pid`)),
        ).resolves.toEqual([{ idle: '30', pid: session.pid }]);
        await session.end();
        await expect(session.query(begin)).rejects.toMatchObject({ name: 'TransientError' });
      }
    });

    it('says what the target said of a row that it refused', async () => {
      const [from, to] = [await open('source'), await open('target')];
      await world.target(`alter table public."Rows" add constraint "no large" check (id < 15000)`);
      await to.query(begin);
      const error = await parts.pass(from, outOf('binary'), to, into('binary')).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StatementFailed);
      expect(error).toMatchObject({ complaint: { code: CHECK_VIOLATION, constraint: 'no large' } });
      expect((error as Error).message).toContain('violates check constraint "no large"');
      expect([from.isLost, to.isLost]).toEqual([true, true]);
      await world.target(`alter table public."Rows" drop constraint "no large"`);
      await expect(world.target(HASH)).resolves.toMatchObject([{ rows: 0 }]);
    });
  },
);
