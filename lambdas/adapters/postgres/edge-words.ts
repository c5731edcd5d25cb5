/**
 * Messages with which PlanetScale's edge refuses a connection, all under 28000, which servers use for a role that may not log in. None is
 * about a password. Its 08006 are transient.
 * https://planetscale.com/docs/postgres/connecting/client-error-reference
 */
import type pg from 'pg';
import type { Endpoint } from '../../ports/database.ts';
import { INVALID_AUTHORIZATION_SPECIFICATION } from '../../postgres/sqlstates.ts';

/** Messages of the edge, and what to do about them. */
const REMEDIES: readonly (readonly [RegExp, (at: Pick<Endpoint, 'user'>) => string])[] = [
  [
    /invalid user format/,
    ({ user }) =>
      `Write the branch behind the role into the user of the secret: ${user}.<branch id>, as PlanetScale shows it with the role`,
  ],
  [
    /^branch \S+ does not exist/,
    ({ user }) => `What stands behind the last dot of the user ${user} has to be the id of the branch; correct the user in the secret`,
  ],
  [/^SSL connection is required/, () => 'The connection was not encrypted, and PlanetScale takes no other: switch TLS on'],
  [
    /^member \S+ not found in branch|^pooler only supports primary/,
    ({ user }) =>
      `The user ${user} asks for something else than the primary of its branch; correct the user in the secret, and take port 5432`,
  ],
];

/** @returns undefined for an error that is not the edge's */
export function remedyAtEdge(
  { code, message }: Pick<pg.DatabaseError, 'code' | 'message'>,
  at: Pick<Endpoint, 'user'>,
): string | undefined {
  if (code !== INVALID_AUTHORIZATION_SPECIFICATION) return undefined;
  return REMEDIES.find(([words]) => words.test(message))?.[1](at);
}

/**
 * Whether a 28000 comes from a server's check of a role: it exists, and may not log in. The edge reports no routine, pg_hba.conf another one.
 * https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/utils/init/miscinit.c
 */
export const mayNotLogIn = ({ code, routine }: pg.DatabaseError): boolean =>
  code === INVALID_AUTHORIZATION_SPECIFICATION && routine === 'InitializeSessionUserId';
