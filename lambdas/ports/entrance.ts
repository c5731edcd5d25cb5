/** The load balancer through which PlanetScale reaches a cluster in private subnets: where the writer is, and where the load balancer leads. */

/** An address to which the load balancer leads. */
export interface EntranceTarget {
  /** IPv4 address. */
  readonly address: string;
  /** By the load balancer. One that is `draining` gets no new connections: it is on its way out. */
  readonly state: 'initial' | 'healthy' | 'unhealthy' | 'unhealthy.draining' | 'unused' | 'draining' | 'unavailable' | string;
}

/** Every call: @throws TransientError where a retry may help, and then nothing was changed. */
export interface Entrance {
  /** IPv4 addresses of the writer's endpoint at this moment; none where its name has none. */
  addresses(): Promise<readonly string[]>;
  targets(): Promise<readonly EntranceTarget[]>;
  /** Leads to the address as well. Does nothing where it does already. */
  register(address: string): Promise<void>;
  /** Leads to it no longer, and ends its connections. Does nothing where the address is not registered. */
  deregister(address: string): Promise<void>;
}
