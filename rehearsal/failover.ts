/** A failover of the source in the middle of the copy: the server crashes, and comes back at another address, as a promoted reader has one. */
import pg from 'pg';
import { clientConfig } from '../lambdas/adapters/postgres/client-config.ts';
import type { StepName } from '../lambdas/engine/machines.ts';
import type { Hooks } from './context.ts';
import { failSourceOver } from './servers/switchover.ts';
import type { Sides } from './sides.ts';

/** Steps that are visited while rows are copied: by the subscription, or in parts. */
const COPYING: readonly StepName[] = ['AwaitCopy', 'CopyParts'];

/** The same hooks, with one failover when the first step that copies is visited. */
export function failingOver(hooks: Hooks): Hooks {
  let failover: Promise<void> | undefined;
  return {
    ...hooks,
    onVisit(visit, sides) {
      if (!failover && COPYING.includes(visit.step)) {
        failover = failOver(sides, hooks);
        failover.catch(() => {}); // it is reported at the end
      }
      hooks.onVisit?.(visit, sides);
    },
    async beforeEnd(sides, report) {
      await failover;
      await hooks.beforeEnd?.(sides, report);
    },
  };
}

async function failOver({ servers: { source, target }, source: { database }, entrance }: Sides, { progress }: Hooks): Promise<void> {
  if (!source) throw new Error('A failover is rehearsed on an embedded source.');
  const before = source.port;
  let left = '';
  await failSourceOver(source, 'stay', {
    elsewhere: true,
    meanwhile: async () => {
      left = target ? await leftToCopy(target.superuser(database)) : '';
    },
  });
  progress.say(`The source failed over from port ${before} to port ${source.port}${left}`);
  await entrance?.follow();
  if (entrance) progress.say(`The load balancer leads to port ${source.port} now`);
}

async function leftToCopy(settings: Parameters<typeof clientConfig>[0]): Promise<string> {
  const client = new pg.Client(clientConfig(settings, 'rehearsal'));
  await client.connect();
  try {
    const { rows } = await client.query<{ open: number; all: number }>(
      `select count(*) filter (where srsubstate <> 'r')::int as open, count(*)::int as all from pg_subscription_rel`,
    );
    const [{ open = 0, all = 0 } = {}] = rows;
    return all > 0 ? `, when ${open} of ${all} tables were still to be copied` : ', while rows were copied in parts';
  } finally {
    await client.end();
  }
}
