/** The application's secret, as Secrets Manager would keep it: a value that the writers read and that a switch changes. */
import type { SideName } from '../../lambdas/config/side-name.ts';
import type { Application, ApplicationBinding, FindMadeUser, MadeLogin } from '../../lambdas/ports/application.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';

/** The secret from which an application reads its connection. */
export interface ApplicationSecret {
  read(): Promise<ConnectionSettings>;
}

/** A secret that a switch changes. */
export interface SwitchedSecret extends ApplicationSecret {
  pointsAt(): Promise<SideName>;
}

/** The same secret, for the application and for the migration. */
export interface RehearsedSecret extends SwitchedSecret, ApplicationBinding {
  pointsAt(): Promise<SideName>;
}

/** The login that the migration makes, as a deployment has it: a password of the stack's, and the setting `applicationRole`. */
export interface LoginToMake extends MadeLogin {
  readonly role?: string;
}

/**
 * @param logins what the application logs in with on either side; it begins at the source
 * @param toMake in place of the login at the target, where the migration makes one. @default - it makes none
 */
export function rehearsedSecret(logins: Readonly<Record<SideName, ConnectionSettings>>, toMake?: LoginToMake): RehearsedSecret {
  let current: SideName = 'source';
  let original = false;
  let atTarget = logins.target;
  const read = () => (current === 'source' ? logins.source : atTarget);
  const port = (find: FindMadeUser): Application => ({
    secret: 'rehearsal/application',
    pointsAt: async () => current,
    obstacles: async () => [],
    currentUsers: async () => [read().user],
    targetUser: async () => (current === 'target' ? undefined : await find([logins.source.user])) ?? atTarget.user,
    makesLogin: toMake && { role: toMake.role },
    sourceUsers: async () => [logins.source.user],
    async keepOriginal() {
      original ||= current === 'source';
    },
    async pointAt(side) {
      if (side === 'source' && current !== 'source' && !original) throw new Error('The value that led to the source was not kept.');
      const user = side === 'target' && toMake ? await find([logins.source.user]) : undefined;
      if (toMake && user !== undefined) atTarget = { ...logins.target, user, password: await toMake.password() };
      current = side;
    },
    isKept: async () => original,
    async forgetOriginal() {
      original = false;
    },
  });
  return {
    ...port(async () => undefined),
    pointsAt: async () => current,
    read: async () => read(),
    ...(toMake && { asking: port }),
  };
}
