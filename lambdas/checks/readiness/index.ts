/** Every readiness check, in the order in which the operator reads the findings. A new check is one entry here. */

import { longTransactions, prepared, transactionAge } from './activity.ts';
import { applicationSecret } from './application.ts';
import { applicationLogin } from './application-login.ts';
import { sourceReplication, sourceWorkers, targetWorkers, walLevel } from './capacity.ts';
import { codeOfOthers } from './code-of-others.ts';
import { collationOrder } from './collation-order.ts';
import { connections } from './connections.ts';
import type { ReadinessCheck } from './context.ts';
import { copyWay } from './copy-way.ts';
import { domainConstraints } from './domain-constraints.ts';
import { extensionRows, extensions } from './extensions.ts';
import { fenceRights } from './fence-rights.ts';
import { forcedRowSecurity } from './forced-row-security.ts';
import { replicaIdentity } from './identity.ts';
import { invalid } from './invalid-indexes.ts';
import { jobs } from './jobs.ts';
import { leftBehind } from './left-behind.ts';
import { earlierAttempt, publications, slotLimits, slots, subscriptions } from './leftovers.ts';
import { lifetimes } from './lifetimes.ts';
import { collations, locale } from './locale.ts';
import { locks } from './locks.ts';
import { loginTriggers } from './login-triggers.ts';
import { loosenedRights, lostSettings } from './loosened.ts';
import { money } from './money.ts';
import { ownThings } from './own-things.ts';
import { peculiarValues } from './peculiar-values.ts';
import { policyRolesThere } from './policy-roles.ts';
import { prewarm } from './prewarm.ts';
import { recordedSecrets } from './recorders.ts';
import { rowSecurity, sourceRole, sourceTables, targetRole } from './rights.ts';
import { roles } from './roles.ts';
import { searchPath } from './search-path.ts';
import { sequences } from './sequences.ts';
import { sessionReplicationRole } from './session-role.ts';
import { nothingToMove, size } from './size.ts';
import { slotOfTheWayBack } from './slot-survival.ts';
import { alreadySwitched, reverseStream } from './switched.ts';
import { tableChecks } from './tables.ts';
import { targetEmpty } from './target.ts';
import { targetCluster } from './target-cluster.ts';
import { eventTriggerChecks, ruleChecks, triggers } from './triggers.ts';
import { auroraDecoding, standby, versions } from './versions.ts';
import { wayBack, wayBackRights, wayBackRoom } from './way-back.ts';

export const CHECKS: readonly ReadinessCheck[] = [
  ownThings,
  versions,
  auroraDecoding,
  standby,
  sessionReplicationRole,
  walLevel,
  sourceReplication,
  sourceWorkers,
  targetCluster,
  targetWorkers,
  connections,
  sourceRole,
  sourceTables,
  targetRole,
  roles,
  rowSecurity,
  forcedRowSecurity,
  lifetimes,
  nothingToMove,
  alreadySwitched,
  reverseStream,
  fenceRights,
  wayBack,
  wayBackRights,
  wayBackRoom,
  slotOfTheWayBack,
  earlierAttempt,
  targetEmpty,
  slots,
  subscriptions,
  publications,
  slotLimits,
  extensions,
  extensionRows,
  jobs,
  locale,
  collations,
  collationOrder,
  replicaIdentity,
  ...tableChecks,
  invalid,
  domainConstraints,
  money,
  ...peculiarValues,
  locks,
  triggers,
  ruleChecks,
  eventTriggerChecks,
  policyRolesThere,
  leftBehind,
  codeOfOthers,
  searchPath,
  loosenedRights,
  lostSettings,
  applicationSecret,
  applicationLogin,
  recordedSecrets,
  loginTriggers,
  sequences,
  prepared,
  longTransactions,
  transactionAge,
  prewarm,
  copyWay,
  size,
];
