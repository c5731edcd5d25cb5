/** Room for sessions on a server, without limits beside that of the server. */
import type { SessionRoom } from '../../lambdas/copy/session-room.sql.ts';

export const sessionRoom = (most: number, more: Partial<SessionRoom> = {}): SessionRoom => ({
  most,
  reserved: 3,
  others: 0,
  databaseLimit: null,
  databaseOthers: 0,
  copyLimit: null,
  ownLimit: null,
  ownOthers: 0,
  ...more,
});
