/** The state after an interrupted act, by step, as a sentence of an error's message. A test fails for a step that is missing. */

const COPY_GOES_ON = 'The subscription on the target goes on by itself, and what was copied stays.';
const SWITCH = 'The gates of both sides say whether it was committed; LiftFence, which follows, goes by them.';

const HALFWAY: Readonly<Record<string, string>> = {
  ConfigureSource: "Whatever it had changed at the cluster is written down in the cluster's tags, and RestoreSource puts it back.",
  RebootSource: 'The reboot may have been asked for already; it is not asked for twice.',
  CreateReplicationRole: 'The role on the source may have a part of its rights, and no more than it is to have.',
  SetReplicaIdentity:
    'Each table is set by itself, with what was there written down: what was set stays until Cleanup, and the rest is as it was.',
  CopySchema: 'The schema is copied in one transaction, which was rolled back: the target is as it was, and the source was only read.',
  TrySample:
    "What was tried is rolled back, and the target's tables are empty; the login of the trial is dropped by the next visit, or by Cleanup.",
  CreatePublication: 'The publication is changed in one transaction, which was rolled back: the source is as it was.',
  CreateSubscription: 'Slot and subscription may be there already; nothing flows that could not be vouched for.',
  AwaitCopy: COPY_GOES_ON,
  BuildIndexes: 'Each statement is carried out by itself: what was finished stays, and the rest is open.',
  AwaitConvergence: `Nothing but markers in our own table was written. ${COPY_GOES_ON}`,
  SyncSequences:
    'Some sequences of the target may be set ahead already and some rows of extensions carried; no sequence is set back, and the source was only read.',
  CheckCutover: 'Nothing but markers in our own table was written: nothing was fenced, and nothing was switched.',
  CheckRollback: 'Nothing but markers in our own table was written: nothing was fenced, and nothing was switched.',
  SwitchOver: SWITCH,
  SwitchBack: SWITCH,
  LiftFence: 'A fence that is still up lifts itself when its time is over; what is committed stays committed.',
  RotatePassword: 'Secret, roles and stream may have different passwords for now; starting Rotation again makes them agree.',
  DropReplication: 'What was removed by then is gone, and the rest is still there.',
  RestoreSource: 'What was put back by then stays so, and the tags on the cluster say what is left.',
};

/** @param step an unknown name gets a sentence that is true of every step */
export const halfway = (step: string): string =>
  (Object.hasOwn(HALFWAY, step) ? HALFWAY[step] : undefined) ??
  'A part of what it does may be done; every step looks first and does only what is left.';

/** Whether the step has a sentence of its own. */
export const isKnownHalfway = (step: string): boolean => Object.hasOwn(HALFWAY, step);
