/** A source in private subnets, which the target reaches through a load balancer, and which fails over to another address meanwhile. */
import { describe, expect, it } from 'vitest';
import { rehearseQuickly, silentProgress } from '../../support/rehearsal.ts';

const MACHINES = ['Preflight', 'Replicate', 'Cutover', 'Rollback', 'Cutover', 'Cleanup'];

describe('a rehearsal through a load balancer', () => {
  it.each([
    ['stream', 'when', []],
    ['parts', 'while rows were copied in parts', []],
    ['stream', 'when', ['--planetscale-api']],
  ] as const)('passes with a failover in the middle of the copy: %s, %s %j', async (copy, moment, more) => {
    const said: string[] = [];
    const ports = new Set<number>();
    let settled: boolean | undefined;
    let madePublic: readonly boolean[] = [];
    const report = await rehearseQuickly(['--access=load-balancer', '--failover', `--copy=${copy}`, '--rows=40000', ...more], {
      progress: { ...silentProgress, say: (words) => void said.push(words) },
      async onVisited({ step }, sides) {
        if (sides.servers.source) ports.add(sides.servers.source.port);
        if (step === 'ConfigureSource') madePublic = (await sides.cluster.describe())?.members.map(({ isPublic }) => isPublic) ?? [];
      },
      async beforeEnd(sides) {
        settled = await sides.entrance?.isSettled();
      },
    });
    expect(report.machines.map(({ name, status }) => `${name} ${status}`)).toEqual(MACHINES.map((name) => `${name} SUCCEEDED`));
    expect(report).toMatchObject({ outcome: 'passed', writes: { lost: 0, duplicated: 0 }, tables: { different: [] } });
    const failover = said.filter((words) => words.startsWith('The source failed over'));
    expect(failover).toEqual([expect.stringContaining(moment)]);
    expect(failover[0]).not.toContain('when 0 of');
    expect(ports.size).toBe(2);
    expect(settled).toBe(true);
    expect(madePublic).toEqual([false, false]);
  });
});
