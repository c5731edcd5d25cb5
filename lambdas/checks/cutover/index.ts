/** Every check before a switch, in the order in which the operator reads the findings. A new check is one entry here. */
import { loginTriggers } from '../readiness/login-triggers.ts';
import { ownThings } from '../readiness/own-things.ts';
import { access } from './access.ts';
import { application } from './application.ts';
import { applicationLogin } from './application-login.ts';
import { applicationRights } from './application-rights.ts';
import { code } from './code.ts';
import { compared } from './comparison.ts';
import { unverifiedWayBack } from './consent.ts';
import type { SwitchCheck } from './context.ts';
import { extensionRows, jobs } from './extensions.ts';
import { functions } from './functions.ts';
import { replicaIdentity } from './identity.ts';
import { lag } from './lag.ts';
import { postData } from './post-data.ts';
import { readers } from './readers.ts';
import { fenceRights, streamRights } from './rights.ts';
import { publisherRoom, subscriberRoom } from './room.ts';
import { schema } from './schema.ts';
import { sessionReplicationRole } from './session-role.ts';
import { sessions } from './sessions.ts';
import { ownLogin, ownRole, shutOut } from './shut-out.ts';
import { slotOfTheWayBack } from './slot-survival.ts';
import { login, stream, uninterrupted } from './stream.ts';
import { subscriptions } from './subscriptions.ts';
import { publication, tables } from './tables.ts';
import { longTransactions, prepared } from './transactions.ts';
import { codeUnderStreamBack } from './trust.ts';

/** In both directions. */
const COMMON: readonly SwitchCheck[] = [
  ownThings,
  stream,
  publication,
  tables,
  replicaIdentity,
  schema,
  code,
  access,
  lag,
  login,
  longTransactions,
  prepared,
  loginTriggers,
  publisherRoom,
  subscriberRoom,
  fenceRights,
  streamRights,
  sessionReplicationRole,
  subscriptions,
  application,
  applicationRights,
  sessions,
  functions,
  extensionRows,
  jobs,
  shutOut,
  ownRole,
  ownLogin,
];

export const CUTOVER_CHECKS: readonly SwitchCheck[] = [
  ...[compared, uninterrupted, postData, unverifiedWayBack, codeUnderStreamBack],
  ...COMMON,
  readers,
  slotOfTheWayBack,
  applicationLogin,
];
export const ROLLBACK_CHECKS: readonly SwitchCheck[] = COMMON;
