import { describe, expect, it } from 'vitest';
import { SwitchFailed } from '../../../lambdas/config/errors.ts';
import { newAuthority, newCertificate } from '../../../rehearsal/servers/certificates.ts';
import { eventually, replicated } from '../../support/replicated.ts';
import { letInApplication, SWITCHABLE, writeAt } from '../../support/switchable.ts';
import type { World } from '../../support/world.ts';

const connection = async (world: World) => String((await world.source('select subconninfo from pg_subscription'))[0]?.subconninfo);

/** Whatever is written at the target comes back. */
async function comesBack(world: World): Promise<void> {
  expect(await writeAt(world, 'target')).toBe('written');
  await eventually(async () => (await world.source('select id from public.written')).length === 1);
}

describe.each([
  [13, false, { sslmode: 'require', channel_binding: undefined, sslrootcert: undefined }],
  [15, true, { sslmode: 'require', channel_binding: 'require', sslrootcert: undefined }],
  [17, false, { sslmode: 'verify-full', channel_binding: undefined, sslrootcert: 'system' }],
  [17, true, { sslmode: 'verify-full', channel_binding: 'require', sslrootcert: 'system' }],
] as const)('the stream back to version %i through an edge that offers channel binding: %s (#10)', (source, channelBinding, tls) => {
  it('logs in with the branch, verifies as strictly as both ends can, and brings back what is written', async () => {
    const world = await letInApplication(await replicated({ ...SWITCHABLE, source, target: 18, edge: { channelBinding } }));
    try {
      await world.visit('SwitchOver');
      const told = await connection(world);
      expect(told).toContain(`user='planetscale_migration_replication.${world.pair.edge.branch}'`);
      for (const [name, value] of Object.entries(tls)) {
        if (value === undefined) expect(told).not.toContain(name);
        else expect(told).toContain(`${name}='${value}'`);
      }
      await comesBack(world);
    } finally {
      await world.destroy();
    }
  });
});

describe("the stream back to a source without the target's certificate authority (#10)", () => {
  it('is refused before the fence with the setting that helps, and created with it', async () => {
    const certificate = await newCertificate(await newAuthority('Another authority'));
    const world = await letInApplication(await replicated({ ...SWITCHABLE, source: 17, target: 18, edge: { certificate } }));
    try {
      const refused = world.visit('SwitchOver');
      await expect(refused).rejects.toThrow(SwitchFailed);
      await expect(refused).rejects.toThrow(/nothing was fenced.*certificate verify failed.*deploy with reverseSslmode=require/s);
      expect(await writeAt(world, 'source')).toBe('written');
      await world.source('truncate public.written');
      Object.assign(world.places, { wayBack: { sslmode: 'require' } });
      await world.visit('SwitchOver');
      await comesBack(world);
    } finally {
      await world.destroy();
    }
  });
});
