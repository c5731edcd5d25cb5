/** The way from the target to a source in private subnets: a load balancer, and what follows the writer's address with it. */

import { followWriter } from '../lambdas/cluster/follow-writer.ts';
import { TransientError } from '../lambdas/config/errors.ts';
import { addressOf, LoadBalancer } from './servers/load-balancer.ts';
import type { Server } from './servers/server.ts';

/** In place of a minute. */
const BETWEEN_LOOKS_MS = 2_000;

export interface RehearsedEntrance {
  /** Where the target reaches the source. */
  readonly host: string;
  readonly port: number;
  /** One look, as the function takes it each minute and when RDS reports a failover. @throws TransientError where the writer has no address */
  follow(): Promise<void>;
  /** Whether it leads to the writer and to nothing else. */
  isSettled(): Promise<boolean>;
  destroy(): void;
}

/** Before this server, wherever it moves. It leads there when this returns. */
export async function openEntrance(server: Pick<Server, 'port'>): Promise<RehearsedEntrance> {
  const balancer = await LoadBalancer.start(() => addressOf(server));
  const follow = async () => void (await followWriter(balancer));
  await follow();
  const looks = setInterval(() => {
    void follow().catch((error: unknown) => {
      if (!(error instanceof TransientError)) throw error;
    });
  }, BETWEEN_LOOKS_MS).unref();
  return {
    host: balancer.host,
    port: balancer.port,
    follow,
    async isSettled() {
      const targets = await balancer.targets();
      return targets.length === 1 && targets[0]?.address === addressOf(server) && targets[0].state === 'healthy';
    },
    destroy() {
      clearInterval(looks);
      balancer.destroy();
    },
  };
}
