/** What stands in a rehearsal for everything that a function finds in an AWS account. */
import { randomBytes } from 'node:crypto';
import { noHook } from '../../lambdas/application.ts';
import type { Application } from '../../lambdas/contract.ts';
import { REPLICATION_ROLE } from '../../lambdas/names.ts';
import type { Places } from '../../lambdas/ports.ts';
import type { Sides } from './sides.ts';

/** All but the executions, which know each other by a registry. */
export type RehearsalPlaces = Omit<Places, 'executions'>;

/** @param application the secret that the writers read */
export function placesOf(sides: Sides, application: Application): RehearsalPlaces {
  const password = randomBytes(24).toString('base64url');
  const { host, port } = sides.source;
  return {
    source: sides.source,
    target: sides.target,
    cluster: sides.cluster,
    application,
    hook: noHook,
    replication: { user: REPLICATION_ROLE, password: async () => password, host, port, sslmode: sides.sslmode },
  };
}
