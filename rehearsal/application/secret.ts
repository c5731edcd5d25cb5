/** The application's secret, as Secrets Manager would keep it: a value that the writers read and that a switch changes. */
import type { SideName } from '../../lambdas/config/side-name.ts';
import type { Application } from '../../lambdas/ports/application.ts';
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
export interface RehearsedSecret extends SwitchedSecret, Application {
  pointsAt(): Promise<SideName>;
}

/** @param logins what the application logs in with on either side; it begins at the source */
export function rehearsedSecret(logins: Readonly<Record<SideName, ConnectionSettings>>): RehearsedSecret {
  let current: SideName = 'source';
  let original = false;
  return {
    secret: 'rehearsal/application',
    read: async () => logins[current],
    pointsAt: async () => current,
    obstacles: async () => [],
    currentUsers: async () => [logins[current].user],
    sourceUsers: async () => [logins.source.user],
    targetUser: async () => logins.target.user,
    async keepOriginal() {
      original ||= current === 'source';
    },
    async pointAt(side) {
      if (side === 'source' && current !== 'source' && !original) throw new Error('The value that led to the source was not kept.');
      current = side;
    },
    isKept: async () => original,
    async forgetOriginal() {
      original = false;
    },
  };
}
