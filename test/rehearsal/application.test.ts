import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCHEMA } from '../../lambdas/config/names.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { Statement } from '../../lambdas/ports/database.ts';
import { closeGate, createGate, fenceGate, openGate } from '../../lambdas/state/gates.sql.ts';
import { createHeartbeat } from '../../lambdas/state/heartbeat.sql.ts';
import { letApplicationIn } from '../../rehearsal/application/rights.ts';
import { type RehearsedSecret, rehearsedSecret } from '../../rehearsal/application/secret.ts';
import { APPLICATION_ROLE, applicationLogin, type Pair, type PairedDatabase, startPair } from '../../rehearsal/servers/pair.ts';
import { auditWrites } from '../../rehearsal/workload/audit-writes.ts';
import { placeOf } from '../../rehearsal/workload/connection.ts';
import { seenByWriters } from '../../rehearsal/workload/handover.ts';
import { createOwnTables, OWN_SUBJECTS } from '../../rehearsal/workload/own-subjects.ts';
import { startWorkload, type Workload } from '../../rehearsal/workload/workload.ts';
import { sql } from '../support/rehearsal.ts';

const login = (host: string): ConnectionSettings => ({ host, port: 1, database: 'd', user: 'u', password: 'p', tls: { verify: 'off' } });

describe("the stand-in for the application's secret", () => {
  it('leads to the source, to the target, and back', async () => {
    const secret = rehearsedSecret({ source: login('s'), target: login('t') });
    expect([(await secret.read()).host, await secret.pointsAt()]).toEqual(['s', 'source']);
    await secret.keepOriginal();
    await secret.pointAt('target');
    expect([(await secret.read()).host, await secret.pointsAt()]).toEqual(['t', 'target']);
    await secret.keepOriginal();
    await secret.pointAt('source');
    expect((await secret.read()).host).toBe('s');
  });

  it('refuses to lead back to a value that was not kept', async () => {
    const secret = rehearsedSecret({ source: login('s'), target: login('t') });
    await secret.pointAt('target');
    await expect(secret.pointAt('source')).rejects.toThrow('was not kept');
  });
});

describe("the rehearsal's application on real servers", () => {
  let pair: Pair;
  let database: PairedDatabase;
  let application: { readonly source: ConnectionSettings; readonly target: ConnectionSettings };
  let secret: RehearsedSecret;
  let workload: Workload;
  const run = async (side: ConnectionSettings, ...statements: readonly Statement<unknown>[]) => {
    for (const { text } of statements) await sql(side, `set transaction read write; ${text}`); // whatever a gate says
  };

  beforeAll(async () => {
    pair = await startPair({ source: 15, target: 18 });
    database = await pair.createDatabase('Shop "application"');
    for (const side of [database.source, database.target]) {
      await run(side, ...createOwnTables());
      await sql(side, `create sequence rehearsal_workload."S 1"; create view rehearsal_workload.v as select 1 as one`);
      await run(side, createHeartbeat(), createGate());
      await letApplicationIn(side, APPLICATION_ROLE);
    }
    application = {
      source: applicationLogin(pair.source, database.name),
      target: applicationLogin(pair.edge, database.name),
    };
    secret = rehearsedSecret(application);
    workload = startWorkload({ secret, subjects: OWN_SUBJECTS, writers: 3, rate: 200 });
  });
  afterAll(async () => {
    workload?.abandon();
    await workload?.stop();
    pair?.destroy();
  });

  it.each(['source', 'target'] as const)('has privileges on the objects of the %s, and no role of ours', async (side) => {
    const here = application[side];
    expect(await sql(here, `select nextval('rehearsal_workload."S 1"')::int as n, one from rehearsal_workload.v`)).toEqual([
      { n: 1, one: 1 },
    ]);
    await expect(sql(here, `select * from ${SCHEMA}.gate`)).rejects.toThrow('permission denied for schema planetscale_migration');
    expect(await sql(here, `select from pg_auth_members where member = '${APPLICATION_ROLE}'::regrole`)).toEqual([]);
    expect(
      await sql(
        here,
        'select rolsuper or rolcreaterole or rolreplication or rolbypassrls as may from pg_roles where rolname = current_user',
      ),
    ).toEqual([{ may: false }]);
    await letApplicationIn(database[side], APPLICATION_ROLE); // may be repeated
  });

  const endAllSessions = (side: ConnectionSettings) =>
    sql(side, `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${APPLICATION_ROLE}'`);

  // A switch by hand over the real gates, so that what the writers do does not depend on the steps.
  it('stops at a fence without an error, and continues at the other side', async () => {
    await run(database.target, closeGate());
    await workload.untilWritten(placeOf(application.source), 50);
    const pinned = await workload.startPinnedSessions();
    const from = performance.now();
    const rejectedBefore = workload.journal.rejected;
    await run(
      database.source,
      fenceGate({ seen: { epoch: 0, cancellations: 0 }, epoch: 1, execution: 'by hand', attempt: randomUUID(), seconds: 60 }),
    );
    await endAllSessions(database.source);
    expect(await pinned.leftConnected()).toEqual([]);
    while (workload.journal.rejected < rejectedBefore + 20) await new Promise((resolve) => setTimeout(resolve, 5));
    const { acknowledgements } = workload.journal;
    const before = acknowledgements.length;
    expect(acknowledgements.every(({ place }) => place === placeOf(application.source))).toBe(true);

    // What a stream would have brought.
    const rows = await sql(database.source, 'select id::text, request_id, version, body from rehearsal_workload.entry');
    const details = await sql(database.source, 'select * from rehearsal_workload.detail');
    await sql(
      database.target,
      `set transaction read write;
insert into rehearsal_workload.entry select * from json_populate_recordset(null::rehearsal_workload.entry, $j$${JSON.stringify(rows)}$j$);
insert into rehearsal_workload.detail select * from json_populate_recordset(null::rehearsal_workload.detail, $j$${JSON.stringify(details)}$j$);
select setval(pg_get_serial_sequence('rehearsal_workload.entry', 'id'), (select max(id) + 1000 from rehearsal_workload.entry))`,
    );
    await run(database.target, openGate(1));
    await secret.pointAt('target');
    expect(await workload.untilWritten(placeOf(application.target), 50)).toBe(true);
    await pinned.stop();
    await workload.stop();

    const seen = seenByWriters(acknowledgements, {
      ...{ left: placeOf(application.source), arrived: placeOf(application.target), from },
      to: Number.POSITIVE_INFINITY,
    });
    expect(seen.overlap).toBe(0);
    expect(seen.downtimeMs).toBeGreaterThan(0);
    expect(acknowledgements.slice(before).every(({ place }) => place === placeOf(application.target))).toBe(true);
    expect(workload.journal.refusals).toEqual([]);
    expect(await auditWrites(workload.journal, OWN_SUBJECTS, database.target)).toEqual({ lost: 0, duplicated: 0 });
  });

  it('names the sessions that a switch did not end', async () => {
    const more = startWorkload({ secret, subjects: OWN_SUBJECTS, writers: 1, rate: 10 });
    const pinned = await more.startPinnedSessions();
    try {
      const left = await pinned.leftConnected();
      expect(left).toEqual([
        expect.stringContaining('a session that never reconnects'),
        expect.stringContaining('a session with a long read'),
      ]);
    } finally {
      await pinned.stop();
      more.abandon();
      await more.stop();
    }
  });
});
