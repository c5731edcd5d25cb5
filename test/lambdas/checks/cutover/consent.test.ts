import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unverifiedWayBack } from '../../../../lambdas/checks/cutover/consent.ts';
import { CUTOVER_CHECKS, ROLLBACK_CHECKS } from '../../../../lambdas/checks/cutover/index.ts';
import { wayBack } from '../../../../lambdas/checks/readiness/way-back.ts';
import { ROLLBACK } from '../../../../lambdas/config/direction.ts';
import type { WayBackSettings } from '../../../../lambdas/ports/replication.ts';
import { blocker, findingsOf, summary, warning } from '../../../support/findings.ts';
import { type SwitchCircumstances, switchFindings } from '../../../support/following.ts';
import { startWorld, type World } from '../../../support/world.ts';

const found = (world: World, circumstances: SwitchCircumstances = {}) => switchFindings(world, [unverifiedWayBack], circumstances);
const withSettings = (world: World, wayBack: WayBackSettings) => Object.assign(world.places, { wayBack });
const route = (world: World, libpq: number) => world.ports('CheckCutover').looking.wayBack.route(libpq);

describe('the stream back of a switch to a source whose libpq verifies nothing (#9.13)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 11, target: 17 });
  });
  afterAll(() => world?.destroy());

  it('is refused until the input consents, with the choices', async () => {
    const refused = await found(world);
    expect(summary(refused)).toEqual({ WayBackNotVerified: blocker('source: PostgreSQL 11') });
    expect(refused[0]?.remedy).toMatch(/\{"reverse": true\} consents.*\{"reverse": false\} goes without/);
    expect(CUTOVER_CHECKS).toContain(unverifiedWayBack);
  });

  it.each([true, false])('is not refused where the input says "reverse": %s', async (reverse) => {
    expect(await found(world, { input: { reverse } })).toEqual([]);
  });

  it('needs no consent in a Rollback, whose next stream verifies', async () => {
    expect(await found(world, { direction: ROLLBACK })).toEqual([]);
    expect(ROLLBACK_CHECKS).not.toContain(unverifiedWayBack);
  });

  it('is announced before the copy', async () => {
    expect(summary(await findingsOf(world, [wayBack]))).toEqual({ WayBackNotVerified: warning('source: PostgreSQL 11') });
  });

  it('is not announced where the input wants no way back (#10)', async () => {
    expect(await findingsOf(world, [wayBack], { input: { reverse: false } })).toEqual([]);
  });

  it.each([
    ['require', ['WayBackNotVerified']],
    ['prefer', []],
    ['disable', []],
    ['verify-full', ['WayBackCannotVerify']],
  ] as const)(
    'needs no consent where the deployment gives up more, and is refused where libpq 11 cannot do it: %s (#10)',
    async (sslmode, codes) => {
      withSettings(world, { sslmode });
      try {
        expect((await found(world)).map(({ code }) => code)).toEqual(codes);
        expect(await found(world, { input: { reverse: false } })).toEqual([]);
      } finally {
        withSettings(world, {});
      }
    },
  );
});

describe.each([
  [13, false, ['WayBackNotVerified']],
  [13, true, []],
  [15, false, ['WayBackNotVerified']],
  [17, false, []],
  [17, true, []],
] as const)('a switch from version %i, where the edge offers channel binding: %s (#10)', (source, channelBinding, codes) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, target: 18, edge: { channelBinding } });
  });
  afterAll(() => world?.destroy());

  it('needs consent where nothing verifies, which Preflight says before the copy', async () => {
    const [finding] = await found(world);
    expect([finding?.code].filter((code) => code !== undefined)).toEqual(codes);
    if (finding) expect(finding.message).toContain('the target offers no channel binding');
    expect((await findingsOf(world, [wayBack])).map(({ code }) => code)).toEqual(codes);
    expect(await found(world, { input: { reverse: true } })).toEqual([]);
  });

  it("logs in with the branch, and verifies in full where libpq knows the system's authorities", async () => {
    const { host, port } = world.database.target;
    const user = `planetscale_migration_replication.${world.pair.edge.branch}`;
    const sslmode = source >= 16 ? 'verify-full' : 'require';
    expect(await route(world, source)).toEqual({ user, host, port, sslmode, channelBinding });
  });

  it('trusts no authority that the source lacks, and follows the settings of the deployment', async () => {
    withSettings(world, {});
    expect(await route(world, source)).toMatchObject({ sslmode: 'require' });
    withSettings(world, { host: 'private.example', port: 6000, sslmode: 'prefer' });
    expect(await route(world, source)).toMatchObject({ host: 'private.example', port: 6000, sslmode: 'prefer' });
    withSettings(world, { knowsAuthority: true });
  });
});
