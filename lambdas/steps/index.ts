/**
 * The registry of steps, in the order in which the machines take them. Functions, rights, network and types are derived
 * from it.
 */
import type { StepName } from '../engine/machines.ts';
import type { AnyStep } from '../engine/step.ts';
import type { Need } from '../ports/ports.ts';
import { awaitConvergence } from './await-convergence.ts';
import { awaitCopy } from './await-copy.ts';
import { buildCopied } from './build-copied.ts';
import { buildIndexes } from './build-indexes.ts';
import { buildKeys } from './build-keys.ts';
import { checkCutover } from './check-cutover.ts';
import { checkNetwork } from './check-network.ts';
import { checkReadiness } from './check-readiness.ts';
import { checkRollback } from './check-rollback.ts';
import { compareData } from './compare-data.ts';
import { configureSource } from './configure-source.ts';
import { configureTarget } from './configure-target.ts';
import { copyParts } from './copy-parts.ts';
import { copySchema } from './copy-schema.ts';
import { createApplicationLogin } from './create-application-login.ts';
import { createPublication } from './create-publication.ts';
import { createReplicationRole } from './create-replication-role.ts';
import { createSubscription } from './create-subscription.ts';
import { dropReplication } from './drop-replication.ts';
import { finishParts } from './finish-parts.ts';
import { forecast } from './forecast.ts';
import { liftFence } from './lift-fence.ts';
import { rebootSource } from './reboot-source.ts';
import { restoreSource } from './restore-source.ts';
import { restoreTarget } from './restore-target.ts';
import { rotatePassword } from './rotate-password.ts';
import { seedCopy } from './seed-copy.ts';
import { setPace } from './set-pace.ts';
import { setReplicaIdentity } from './set-replica-identity.ts';
import { switchBack } from './switch-back.ts';
import { switchOver } from './switch-over.ts';
import { syncSequences } from './sync-sequences.ts';
import { trySample } from './try-sample.ts';
import { verifyWalLevel } from './verify-wal-level.ts';

export const steps = {
  Forecast: forecast,
  ConfigureTarget: configureTarget,
  CheckReadiness: checkReadiness,
  ConfigureSource: configureSource,
  RebootSource: rebootSource,
  VerifyWalLevel: verifyWalLevel,
  CreateReplicationRole: createReplicationRole,
  SetReplicaIdentity: setReplicaIdentity,
  CopySchema: copySchema,
  TrySample: trySample,
  CreatePublication: createPublication,
  CheckNetwork: checkNetwork,
  SeedCopy: seedCopy,
  CopyParts: copyParts,
  BuildCopied: buildCopied,
  FinishParts: finishParts,
  BuildKeys: buildKeys,
  CreateSubscription: createSubscription,
  AwaitCopy: awaitCopy,
  BuildIndexes: buildIndexes,
  CreateApplicationLogin: createApplicationLogin,
  AwaitConvergence: awaitConvergence,
  SyncSequences: syncSequences,
  CompareData: compareData,
  SetPace: setPace,
  CheckCutover: checkCutover,
  SwitchOver: switchOver,
  LiftFence: liftFence,
  CheckRollback: checkRollback,
  SwitchBack: switchBack,
  RotatePassword: rotatePassword,
  DropReplication: dropReplication,
  RestoreTarget: restoreTarget,
  RestoreSource: restoreSource,
} as const satisfies Readonly<Record<StepName, AnyStep>>;

export const STEP_NAMES = Object.keys(steps) as StepName[];

/** A step without its own types, for code that treats all alike. */
export const stepNamed = (name: StepName): AnyStep => steps[name];

/** The ports that a step may reach. */
export const needsOf = (name: StepName): readonly Need[] => stepNamed(name).needs;
