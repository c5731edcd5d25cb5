import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listed } from '../../../lambdas/checks/finding.ts';
import { onBothSides } from '../../../lambdas/checks/known.ts';
import type { ReadinessCheck } from '../../../lambdas/checks/readiness/context.ts';
import { CannotConnect, StatementFailed, TransientError } from '../../../lambdas/config/errors.ts';
import { ownRole } from '../../../lambdas/postgres/roles.sql.ts';
import { INSUFFICIENT_PRIVILEGE } from '../../../lambdas/postgres/sqlstates.ts';
import { blocker, findingsOf, summary, warning } from '../../support/findings.ts';
import { startWorld, type World } from '../../support/world.ts';

const failing = (name: string, error: unknown): ReadinessCheck => ({
  name,
  async find() {
    throw error;
  },
});
const fine: ReadinessCheck = {
  name: 'fine',
  find: async () => listed({ code: 'Seen', severity: 'blocker', objects: ['a'], message: 'm', remedy: 'r' }),
};

describe('running all checks', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.destroy());

  it("makes a blocker of a failed check, in the server's words, and runs the others", async () => {
    const denied = new StatementFailed('permission denied for table pg_largeobject_metadata', { code: INSUFFICIENT_PRIVILEGE });
    const found = await findingsOf(world, [
      failing('large objects', denied),
      fine,
      failing('defect', new TypeError('x is not a function')),
    ]);
    expect(summary(found)).toEqual({ CouldNotTell: blocker('large objects', 'defect'), Seen: blocker('a') });
    expect(found[0]?.message).toContain('permission denied for table pg_largeobject_metadata');
    expect(found[2]?.message).toContain('x is not a function');
  });

  it('reports a statement that timed out as unknown', async () => {
    const check: ReadinessCheck = {
      name: 'slow',
      async find({ source }) {
        await source.query({ text: "select set_config('statement_timeout', '1', false)", values: [] });
        await source.query({ text: 'select pg_sleep(10)', values: [] });
        return [];
      },
    };
    const [found] = await findingsOf(world, [check]);
    expect(found).toMatchObject({ code: 'CouldNotTell', severity: 'blocker', objects: ['slow'] });
    expect(found?.message).toContain('statement timeout');
  });

  it.each([new TransientError('the connection is gone'), new CannotConnect('refused')])(
    'passes $name on, as it concerns every check',
    async (error) => {
      await expect(findingsOf(world, [fine, failing('lost', error)])).rejects.toBe(error);
    },
  );

  it('names once what a target without a login was spared, and keeps what is found on the source', async () => {
    const both: ReadinessCheck = {
      name: 'both sides',
      async find({ source, target }) {
        const { found, passedOver } = await onBothSides({ source, target }, (reader) => reader.query(ownRole()));
        return [
          ...listed({ code: 'Roles', severity: 'blocker', objects: found.map(({ side }) => side), message: 'm', remedy: 'r' }),
          ...passedOver,
        ];
      },
    };
    const version: ReadinessCheck = { name: 'version', find: async ({ targetVersion }) => (targetVersion > 0 ? [] : []) };
    const address: ReadinessCheck = { name: 'address', find: async ({ target }) => (target.endpoint.host ? [] : []) };
    const checks = [both, version, address, fine];
    expect(summary(await findingsOf(world, checks, { target: undefined }))).toEqual({
      TargetNotLookedAt: warning('both sides', 'version', 'address'),
      Roles: blocker('source'),
      Seen: blocker('a'),
    });
    expect(summary(await findingsOf(world, checks))).toEqual({ Roles: blocker('source', 'target'), Seen: blocker('a') });
  });
});
