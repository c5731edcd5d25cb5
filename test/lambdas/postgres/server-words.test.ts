import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenPorts, openPorts } from '../../../lambdas/adapters/open-ports.ts';
import type { StatementFailed } from '../../../lambdas/config/errors.ts';
import type { Json } from '../../../lambdas/config/json.ts';
import { statement } from '../../../lambdas/postgres/quote.ts';
import { culpritIn, isOwnContext, publicWords } from '../../../lambdas/postgres/server-words.ts';
import { conditionOf } from '../../../lambdas/postgres/sqlstates.ts';
import { createCopylessSubscription } from '../../../lambdas/replication/subscriptions.sql.ts';
import { closeGate, createGate, fenceGate } from '../../../lambdas/state/gates.sql.ts';
import { startWorld, type World } from '../../support/world.ts';

const CANARY = 'canary of a row';

const SCHEMA = `
create table public.t (id int primary key, word text constraint short check (length(word) < 40), other int references public.t);
insert into public.t values (1, '${CANARY}', null);
create type public.mood as enum ('fine');
create function public.guard() returns trigger language plpgsql as $$
begin
  if new.id = 10 then raise exception 'I saw %', new.word; end if;
  if new.id = 11 then raise exception 'I saw %', new.word using errcode = '42501', hint = new.word, table = new.word, constraint = new.word; end if;
  if new.id = 12 then raise exception 'I saw %', new.word using errcode = 'SHOP1'; end if;
  if new.id = 13 then raise exception 'I saw %', new.word using errcode = '40001'; end if;
  if new.id = 14 then raise exception 'I saw %', new.word using errcode = '28P01'; end if;
  if new.id = 15 then execute 'select ' || quote_ident(new.word); end if;
  if new.id = 16 then perform new.word::int; end if;
  if new.id = 17 then assert false, new.word; end if;
  if new.id = 18 then raise division_by_zero using message = new.word; end if;
  if new.id = 19 then raise exception 'I saw %', new.word using errcode = '23505', constraint = new.word; end if;
  if new.id = 20 then execute format('do %L', format('begin raise exception %L; end', new.word)); end if;
  return new;
end $$;
create trigger guard before insert on public.t for each row execute procedure public.guard();
create function public.as_sql(text) returns int language sql as 'select $1::int';
create function public.late() returns trigger language plpgsql as $$ begin raise exception 'late %', new.word; end $$;
create table public.deferred (word text);
create constraint trigger late after insert on public.deferred deferrable initially deferred for each row execute procedure public.late();
create table public.twice (word text);
insert into public.twice values ('${CANARY}'), ('${CANARY}');
`;

const insert = (id: number) => `insert into public.t values (${id}, '${CANARY}')`;

/** What user code or a value has a part in, and the words that may be told. */
const CUT: readonly (readonly [what: string, text: string, name: string, told: RegExp])[] = [
  ['raise in a trigger', insert(10), 'StatementFailed', /^raise_exception \(P0001\) in function public\.guard\(\);/],
  [
    'raise with the code of a missing right',
    insert(11),
    'StatementFailed',
    /^insufficient_privilege \(42501\) in function public\.guard\(\);/,
  ],
  ['raise with a code of its own', insert(12), 'StatementFailed', /^a condition of its own \(SHOP1\) in function public\.guard\(\);/],
  [
    'raise with a code that passes',
    insert(13),
    'TransientError',
    /answered 40001: serialization_failure \(40001\) in function public\.guard\(\);/,
  ],
  ['raise with the code of a wrong password', insert(14), 'StatementFailed', /^invalid_password \(28P01\) in function public\.guard\(\);/],
  ['dynamic SQL', insert(15), 'StatementFailed', /^undefined_column \(42703\)(?: in function public\.guard\(\))?;/],
  ['a cast in a function', insert(16), 'StatementFailed', /^invalid_text_representation \(22P02\)(?: in function public\.guard\(\))?;/],
  ['an assertion', insert(17), 'StatementFailed', /^assert_failure \(P0004\) in function public\.guard\(\);/],
  ['raise of a named condition', insert(18), 'StatementFailed', /^division_by_zero \(22012\) in function public\.guard\(\);/],
  ['raise of what looks like a duplicate', insert(19), 'StatementFailed', /^unique_violation \(23505\) in function public\.guard\(\);/],
  ['a block within a function', insert(20), 'StatementFailed', /^raise_exception \(P0001\);/],
  ['a cast', `select word::int from public.t`, 'StatementFailed', /^invalid_text_representation \(22P02\);/],
  ['a cast to an enum', `select word::public.mood from public.t`, 'StatementFailed', /^invalid_text_representation \(22P02\);/],
  ['an index on a cast', 'create index on public.t ((word::int))', 'StatementFailed', /^invalid_text_representation \(22P02\);/],
  ['a function in SQL', `select public.as_sql(word) from public.t`, 'StatementFailed', /^invalid_text_representation \(22P02\)/],
  ['a date', `select word::date from public.t`, 'StatementFailed', /^invalid_datetime_format \(22007\);/],
];

/** The server's own words, of names alone. */
const WHOLE: readonly (readonly [what: string, text: string, told: string])[] = [
  ['a missing table', 'select from public.nowhere', 'relation "public.nowhere" does not exist'],
  ['a duplicate key', `insert into public.t values (1, '${CANARY}')`, 'duplicate key value violates unique constraint "t_pkey"'],
  ['a duplicate in an index', 'create unique index once on public.twice (word)', 'could not create unique index "once"'],
  ['a check', `insert into public.t values (2, repeat('${CANARY}', 9))`, 'new row for relation "t" violates check constraint "short"'],
  [
    'a foreign key',
    `insert into public.t values (3, '${CANARY}', 77)`,
    'insert or update on table "t" violates foreign key constraint "t_other_fkey"',
  ],
  ['a syntax error', 'select from where', 'syntax error at or near "where"'],
];

describe.each([11, 17] as const)('the message of an error of version %i (#9.17)', (source) => {
  let world: World;
  let ports: OpenPorts;
  let heard: { readonly server?: Json }[] = [];
  const refusalOf = async (work: Promise<unknown>): Promise<Error> =>
    work.then(
      () => new Error('accepted'),
      (error: Error) => error,
    );
  beforeAll(async () => {
    world = await startWorld({ source, schema: SCHEMA });
    ports = openPorts('Test', world.places, {
      warn: (_message, fields = {}) => {
        heard.push(fields);
      },
    });
  });
  afterAll(async () => {
    await ports?.close();
    await world?.destroy();
  });

  it.each(CUT)('is cut to condition and object, and kept whole in the log: %s', async (_what, text, name, told) => {
    heard = [];
    const error = await refusalOf(ports.acting.source.query(statement(text)));
    expect(error).toMatchObject({ name, message: expect.stringMatching(told) });
    const { message, stack, cause, ...fields } = error;
    expect(JSON.stringify([message, stack, cause, fields])).not.toContain(CANARY);
    expect(heard).toHaveLength(1);
    expect(heard[0]?.server).toContain(CANARY);
  });

  it('is cut where the error arises at the commit', async () => {
    const error = await refusalOf(
      ports.acting.source.transaction((session) => session.query(statement('insert into public.deferred values ($1::text)', [CANARY]))),
    );
    expect(error.message).toMatch(/^raise_exception \(P0001\) in function public\.late\(\);/);
  });

  it.each(WHOLE)('is kept where the server made it of names: %s', async (_what, text, told) => {
    heard = [];
    expect(await refusalOf(ports.acting.source.query(statement(text)))).toMatchObject({ name: 'StatementFailed', message: told });
    expect(heard).toEqual([]);
  });

  it('is kept where a DO block of ours raises it', async () => {
    const { acting } = ports;
    await acting.source.query(statement('create schema if not exists planetscale_migration'));
    await acting.source.query(createGate());
    const fence = {
      seen: { epoch: 7, cancellations: 0 },
      epoch: 8,
      execution: 'test',
      attempt: '00000000-0000-0000-0000-000000000000',
      seconds: 1,
    };
    const error = await refusalOf(acting.source.query(fenceGate(fence)));
    expect(error).toMatchObject({ name: 'StatementFailed', message: 'this attempt was called off', complaint: { code: '55000' } });
    await expect(acting.source.query(statement('drop schema planetscale_migration cascade'))).resolves.toEqual([]);
    expect((await refusalOf(acting.source.query(closeGate()))).message).toContain('does not exist');
  });

  it('is cut where an event trigger raises it within a statement with a password', async () => {
    await world.source(`create function public.on_ddl() returns event_trigger language plpgsql as $$
begin raise exception 'seen: ${CANARY}' using errcode = '08006'; end $$;
create event trigger on_ddl on ddl_command_start when tag in ('CREATE SUBSCRIPTION') execute procedure public.on_ddl()`);
    heard = [];
    try {
      const error = (await refusalOf(
        ports.acting.source.transaction(async (session) => {
          for (const one of createCopylessSubscription('x', 'host=127.0.0.1 port=1', source)) await session.query(one);
        }),
      )) as StatementFailed;
      expect(error.message).toMatch(/connection_failure \(08006\);/);
      expect(error.message).not.toContain(CANARY);
      expect(heard).toMatchObject([{ server: `seen: ${CANARY}` }]);
    } finally {
      await world.source('drop event trigger on_ddl');
    }
  });
});

describe("parsing a server's error (#9.17)", () => {
  it('knows the conditions of every version, and no codes made up by users', () => {
    expect(['P0001', '23505', '57P05', '25P04', '0A000', '2200H', '22P02'].map(conditionOf)).toEqual([
      'raise_exception',
      'unique_violation',
      'idle_session_timeout',
      'transaction_timeout',
      'feature_not_supported',
      'sequence_generator_limit_exceeded',
      'invalid_text_representation',
    ]);
    expect(conditionOf('SHOP1')).toBeUndefined();
  });

  it('finds the objects that a server names', () => {
    const told = { code: '23514', message: CANARY, foreign: true, culprit: undefined, objects: ['table "s"."t"', 'constraint "c"'] };
    expect(publicWords(told)).toEqual({
      message: 'check_violation (23514) at table "s"."t", constraint "c"; its words may hold data and are in the log only',
      hint: undefined,
      whole: CANARY,
    });
  });

  it.each([
    ['nothing', undefined, true],
    ['a worker of a parallel build', 'parallel worker', true],
    ['a block of ours', 'PL/pgSQL function inline_code_block line 3 at RAISE', true],
    [
      'a statement in a block of ours',
      'SQL statement "alter database x\nset y"\nPL/pgSQL function inline_code_block line 3 at EXECUTE',
      true,
    ],
    ['a function of ours', 'PL/pgSQL function pg_temp_4.planetscale_await_beat(text,interval) line 3 at RETURN', true],
    ['a function of the user', 'PL/pgSQL function public.f() line 3 at RAISE', false],
    [
      'a block within a function of the user',
      'PL/pgSQL function inline_code_block line 1 at RAISE\nSQL statement "do"\nPL/pgSQL function public.f() line 3 at EXECUTE',
      false,
    ],
    [
      'a function of the user within a block of ours',
      'PL/pgSQL function public.f() line 3 at RAISE\nSQL statement "x"\nPL/pgSQL function inline_code_block line 3 at EXECUTE',
      false,
    ],
    ['a row that is copied', 'COPY t, line 1, column word: "canary"', true],
    ['a row that is copied, of two lines', 'COPY t, line 1, column word: "canary\nof a row"', false],
    ['a function of the user that a copy calls', 'PL/pgSQL function public.f() line 3 at RAISE\nCOPY t, line 1', false],
    ['another language', 'PL/pgSQL-Funktion inline_code_block Zeile 3 bei RAISE', false],
  ])('finds whether it is raised by our own code after %s: %s', (_what, context, own) => {
    expect(isOwnContext(context)).toBe(own);
  });

  it.each([
    ['PL/pgSQL function audit.check_row(integer,text) line 3 at RAISE', 'audit.check_row(integer,text)'],
    ['SQL function "f" statement 1', 'f'],
    [`SQL statement "select '${CANARY}'"\nPL/pgSQL function f() line 3 at EXECUTE`, undefined],
    [undefined, undefined],
  ])('finds the function of the innermost frame: %s', (context, name) => {
    expect(culpritIn(context)).toBe(name);
  });
});
