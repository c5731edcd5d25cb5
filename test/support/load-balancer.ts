/** A load balancer in memory, with the name of a writer that moves. */
import { TransientError } from '../../lambdas/config/errors.ts';
import type { Entrance } from '../../lambdas/ports/entrance.ts';

export interface LoadBalancerOptions {
  /** Addresses of the writer's name. */
  readonly name: readonly string[];
  /** Addresses that are registered. @default - none */
  readonly leadsTo?: readonly string[];
  /** Addresses that are on their way out. @default - none */
  readonly draining?: readonly string[];
}

export interface LoadBalancer extends Entrance {
  /** What was changed, in order. */
  readonly calls: readonly string[];
  leadsTo(): readonly string[];
  moveTo(name: readonly string[]): void;
  /** The next call of this method fails, as one does that AWS throttles. */
  failNext(method: keyof Entrance | undefined): void;
}

export function loadBalancer({ name: first, leadsTo = [], draining = [] }: LoadBalancerOptions): LoadBalancer {
  let name = first;
  let failing: keyof Entrance | undefined;
  const calls: string[] = [];
  const states = new Map([...draining.map((one) => [one, 'draining'] as const), ...leadsTo.map((one) => [one, 'healthy'] as const)]);
  const demand = (method: keyof Entrance): void => {
    if (failing !== method) return;
    failing = undefined;
    throw new TransientError('Rate exceeded.');
  };
  return {
    calls,
    leadsTo: () => [...states].flatMap(([address, state]) => (state === 'healthy' ? [address] : [])).sort(),
    moveTo(next) {
      name = next;
    },
    failNext(method) {
      failing = method;
    },
    async addresses() {
      demand('addresses');
      return name;
    },
    async targets() {
      demand('targets');
      return [...states].map(([address, state]) => ({ address, state }));
    },
    async register(address) {
      demand('register');
      calls.push(`register ${address}`);
      states.set(address, 'healthy');
    },
    async deregister(address) {
      demand('deregister');
      calls.push(`deregister ${address}`);
      if (states.has(address)) states.set(address, 'draining');
    },
  };
}
