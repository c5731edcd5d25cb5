/** What a migration left behind, or left for a person to do, in the words of the steps that know. */
import { sentence } from '../config/in-words.ts';
import { type Fields, fieldsOf, fieldsOfLast, textsIn } from './evidence.ts';
import type { ExecutionHistory } from './history.ts';
import { wasCleaned } from './standing.ts';

type Executions = readonly ExecutionHistory[];

const list = (introduction: string, texts: readonly string[]): string[] =>
  texts.length > 0 ? [sentence(`${introduction} ${texts.join('; ')}`)] : [];

/** Of a clean-up: what it did not put back, and why. */
function afterCleanup(executions: Executions): string[] {
  const dropped = fieldsOfLast(executions, 'DropReplication') ?? {};
  const restored = fieldsOfLast(executions, 'RestoreSource') ?? {};
  const target = fieldsOfLast(executions, 'RestoreTarget') ?? {};
  const sides = (['source', 'target'] as const).flatMap((side) => leftOn(side, fieldsOf(dropped[side])));
  return [
    ...sides,
    ...list('Of the cluster, changed by somebody else meanwhile and left alone:', textsIn(restored.leftAlone)),
    ...(typeof restored.reboot === 'string' ? [sentence(`The cluster's instances have still to be rebooted. ${restored.reboot}`)] : []),
    ...textsIn(target.says),
  ];
}

function leftOn(side: string, fields: Fields): string[] {
  return [
    ...(typeof fields.unreachable === 'string' ? [`The ${side} could not be reached, so it was not cleaned: ${fields.unreachable}`] : []),
    ...list(`Replica identities on the ${side} that somebody changed meanwhile, left alone:`, textsIn(fields.replicaIdentitiesLeftAlone)),
    ...list(`Foreign keys on the ${side} that have still to be made:`, textsIn(fields.foreignKeysToMake)),
    ...list(`Row-level security on the ${side} that has still to be forced:`, textsIn(fields.rowSecurityToForce)),
    ...list(`The replication role stays on the ${side}, because others use it:`, textsIn(fields.roleIsUsedBy)),
  ];
}

/** Sentences; none where nothing at all was left. */
export function leftOf(executions: Executions): string[] {
  const copied = fieldsOfLast(executions, 'CopySchema') ?? {};
  const sequences = fieldsOfLast(executions, 'SyncSequences') ?? {};
  const switched = fieldsOfLast(executions, 'SwitchOver') ?? {};
  const untried = textsIn(fieldsOfLast(executions, 'TrySample')?.untried);
  const cleaned = wasCleaned(executions);
  return [
    ...list('Not carried to the target:', textsIn(copied.leftBehind)),
    ...list('Not tried beforehand with a sample of its rows:', untried),
    ...list('Sequences without numbers left on the target:', textsIn(sequences.atTheirBound)),
    ...(typeof switched.byHand === 'string' ? [`To do by hand: ${switched.byHand}`] : list('To do by hand:', textsIn(switched.byHand))),
    ...(cleaned ? afterCleanup(executions) : []),
    ...(!cleaned && executions.some(({ machine }) => machine !== 'Preflight')
      ? ['Slots, publication, subscription and the settings of both sides stay until Cleanup has been started and has ended.']
      : []),
  ];
}
