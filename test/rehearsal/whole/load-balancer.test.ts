/** A source in private subnets, which the target reaches through a load balancer, and which fails over to another address meanwhile. */
import { describe, expect, it } from 'vitest';
import type { Sides } from '../../../rehearsal/sides.ts';
import { rehearseQuickly, silentProgress } from '../../support/rehearsal.ts';

const MACHINES = ['Preflight', 'Replicate', 'Cutover', 'Rollback', 'Cutover', 'Cleanup'];

/** What PlanetScale has of the migration, and the secret: as it was in the beginning, but for the disk. */
const standingOf = ({ planetscale }: Sides) =>
  planetscale && {
    roles: planetscale.api.roles.list.length,
    parameters: planetscale.api.changes.parameters.map(({ name, value }) => `${name} = ${value}`),
    hasLogin: planetscale.login() !== undefined,
    journal: [...planetscale.tags],
  };

describe('a rehearsal through a load balancer', () => {
  it.each([
    ['stream', 'when', ['--planetscale-api']],
    ['parts', 'while rows were copied in parts', []],
  ] as const)('passes with a failover in the middle of the copy: %s', async (copy, moment, words) => {
    const said: string[] = [];
    const ports = new Set<number>();
    let settled: boolean | undefined;
    let atPlanetScale: ReturnType<typeof standingOf>;
    let madePublic: readonly boolean[] = [];
    const report = await rehearseQuickly(['--access=load-balancer', '--failover', `--copy=${copy}`, '--rows=40000', ...words], {
      progress: { ...silentProgress, say: (text) => void said.push(text) },
      async onReady(sides) {
        atPlanetScale = standingOf(sides);
      },
      async onVisited({ step }, sides) {
        if (sides.servers.source) ports.add(sides.servers.source.port);
        if (step === 'ConfigureSource') madePublic = (await sides.cluster.describe())?.members.map(({ isPublic }) => isPublic) ?? [];
      },
      async beforeEnd(sides) {
        settled = await sides.entrance?.isSettled();
        expect(standingOf(sides)).toEqual(atPlanetScale);
      },
    });
    expect(report.machines.map(({ name, status }) => `${name} ${status}`)).toEqual(MACHINES.map((name) => `${name} SUCCEEDED`));
    expect(report).toMatchObject({ outcome: 'passed', writes: { lost: 0, duplicated: 0 }, tables: { different: [] } });
    const failover = said.filter((text) => text.startsWith('The source failed over'));
    expect(failover).toEqual([expect.stringContaining(moment)]);
    expect(failover[0]).not.toContain('when 0 of');
    expect(ports.size).toBe(2);
    expect(settled).toBe(true);
    expect(madePublic).toEqual([false, false]);
  });
});
