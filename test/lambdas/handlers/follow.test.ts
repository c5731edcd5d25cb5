import { expect, it } from 'vitest';
import { followAWhile } from '../../../lambdas/handlers/follow.ts';
import { loadBalancer } from '../../support/load-balancer.ts';

const [A, B] = ['10.0.0.1', '10.0.1.1'];

/** Follows through as many looks; before each but the first, what may have happened meanwhile. */
function follow(balancer: ReturnType<typeof loadBalancer>, ...meanwhile: (() => void)[]) {
  const said: string[] = [];
  const log = { info: (message: string) => said.push(message), warn: (message: string) => said.push(`warning: ${message}`) };
  const done = followAWhile(
    balancer,
    log,
    () => meanwhile.length > 0,
    async () => meanwhile.shift()?.(),
  );
  return { done, said };
}

it('a failover is followed though the name of the writer moves only some time after RDS has told of it', async () => {
  const balancer = loadBalancer({ name: [A], leadsTo: [A] });
  const { done, said } = follow(
    balancer,
    () => {},
    () => balancer.moveTo([]),
    () => balancer.moveTo([B]),
    () => {},
  );
  await done;
  expect(balancer.calls).toEqual([`register ${B}`, `deregister ${A}`]);
  expect(said).toEqual([expect.stringMatching(/^warning: .*left as it was/), 'The load balancer follows the writer']);
});

it('a call that AWS throttles is made up for by the next look, and the last one fails the function', async () => {
  const balancer = loadBalancer({ name: [B], leadsTo: [A] });
  balancer.failNext('register');
  await follow(balancer, () => {}).done;
  expect(balancer.leadsTo()).toEqual([B]);
  balancer.failNext('targets');
  await expect(follow(balancer).done).rejects.toThrow('Rate exceeded.');
  expect(balancer.leadsTo()).toEqual([B]);
});
