/** The bindings of a rehearsal, in place of those that a function has in an AWS account. */
import { REPLICATION_ROLE } from '../lambdas/config/names.ts';
import { newPassword, replicationPassword } from '../lambdas/config/secrets.ts';
import type { ApplicationBinding, MadeLogin } from '../lambdas/ports/application.ts';
import { noHook } from '../lambdas/ports/application.ts';
import { noLimit } from '../lambdas/ports/concurrency.ts';
import { noFunctions } from '../lambdas/ports/functions.ts';
import { WITHOUT_TOKEN } from '../lambdas/ports/planetscale.ts';
import type { ReplicationLogin, ReplicationSecret } from '../lambdas/ports/replication.ts';
import type { Places } from './machines/execution.ts';
import type { Sides } from './sides.ts';

/**
 * @param application the secret that the writers read
 * @param applicationLogin the password of the login that the migration makes for it on the target
 */
export function bindingsOf(sides: Sides, application: ApplicationBinding, applicationLogin: MadeLogin = madeLogin(newPassword())): Places {
  const secret = replicationSecret(newPassword());
  return {
    get source() {
      return sides.source;
    },
    get target() {
      return sides.planetscale ? sides.planetscale.login() : sides.target;
    },
    cluster: sides.cluster,
    application,
    applicationLogin,
    hook: noHook,
    functions: noFunctions,
    concurrency: noLimit,
    ...(sides.planetscale?.bindings ?? WITHOUT_TOKEN),
    get replication() {
      const { host, port } = sides.entrance ?? sides.source;
      return { user: REPLICATION_ROLE, password: secret.password, host, port, sslmode: sides.sslmode };
    },
    wayBack: sides.wayBack,
    replicationSecret: secret,
  };
}

/** The secret with the password of the application's login on the target. */
export const madeLogin = (password: string): MadeLogin => ({ password: async () => password });

/** A secret that is a variable. @param first its value @param passwordOf what its value makes for a side */
export function replicationSecret(first: string, passwordOf = replicationPassword): ReplicationSecret & Pick<ReplicationLogin, 'password'> {
  let current = first;
  let renewedBy: string | undefined;
  return {
    password: async (side = 'source') => passwordOf(current, side),
    isRenewedBy: async (execution) => renewedBy === execution,
    async renew(execution) {
      if (renewedBy === execution) return;
      current = newPassword();
      renewedBy = execution;
    },
  };
}
