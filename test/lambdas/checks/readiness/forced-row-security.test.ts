import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forcedRowSecurity } from '../../../../lambdas/checks/readiness/forced-row-security.ts';
import { CHECKS } from '../../../../lambdas/checks/readiness/index.ts';
import { findingsOf, summary, warning } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

const SCHEMA = `create table secret (id int primary key); alter table secret enable row level security, force row level security;
create table off (id int primary key); alter table off force row level security;
create table open (id int primary key); alter table open enable row level security;
create table left_out (id int primary key); alter table left_out enable row level security, force row level security`;

describe('forced row-level security (#10)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18, schema: SCHEMA });
  });
  afterAll(() => world?.destroy());

  it('is announced as taken away for the time of a stream, and stops no login', async () => {
    expect(summary(await findingsOf(world, [forcedRowSecurity], { input: { excludeTables: ['public.left_out'] } }))).toEqual({
      ForcedRowSecurityHeld: warning('public.secret'),
    });
    expect(CHECKS).toContain(forcedRowSecurity);
  });
});
