/**
 * The order of the steps: what `Preflight`, `Replicate`, `Cutover` and the others do, as data. `lib/states.ts` builds them.
 */
import { MACHINE_NAMES, type MachineName } from '../config/machine-names.ts';

export { MACHINE_NAMES, type MachineName };

/** One stage in the order of a machine. */
export interface Stage<Step extends string = StepName> {
  readonly step: Step;
  /** Whether the step is visited again while it is pending. */
  readonly polls: boolean;
  /** Waits for some minutes where an older execution is reported as running: the status of one that has just ended may be stale. */
  readonly waitsForOlder?: true;
  /** Entered only where the execution's input says `"reboot": "now"`. */
  readonly onlyWithRebootConsent?: true;
  /** Steps that are visited side by side before this one, and once more each time it is pending. */
  readonly workers?: Workers<Step>;
  /** The stage after any failure, crashes and time limits included, before the execution ends with it. */
  readonly onFailure?: Stage<Step>;
}

/**
 * Steps that run side by side, each in a child execution of a distributed map, with a history of its own. Every child visits its one step until
 * that is done, and never fails: what it cannot do is found by the step that follows.
 */
export interface Workers<Step extends string = StepName> {
  /** Name of the map's state. */
  readonly name: string;
  /** The step whose evidence lists the children, as {@link WorkerItem}s under the key `workers`. */
  readonly listedBy: Step;
  readonly steps: readonly Step[];
}

/** One child of a map, as the evidence of the step lists it. */
export interface WorkerItem<Step extends string = StepName> {
  /** From 1 on; unique among the children. */
  readonly worker: number;
  readonly step: Step;
}

/** A state machine, before it is built. */
export interface Machine<Step extends string = StepName> {
  /** Its purpose, shown in the console. */
  readonly says: string;
  /** Whether it must not run beside another that acts. `Pace` changes one number of ours, and is meant to run beside `Replicate`. */
  readonly acts: boolean;
  readonly order: readonly Stage<Step>[];
}

const task = <Step extends string>(step: Step): Stage<Step> => ({ step, polls: false });
const untilWith = <const Step extends string>(step: Step, workers: Workers<Step>): Stage<Step> => ({ step, polls: true, workers });
const until = <Step extends string>(step: Step): Stage<Step> => ({ step, polls: true });
const withRebootConsent = <Step extends string>(stage: Stage<Step>): Stage<Step> => ({ ...stage, onlyWithRebootConsent: true });
const liftingFence = { ...until('LiftFence'), waitsForOlder: true } as const;
/** A step that fences a side, followed by LiftFence on failure: the application must always have a side to write to. */
const fencing = <Step extends string>(stage: Stage<Step>): Stage<Step | 'LiftFence'> => ({ ...stage, onFailure: liftingFence });

export const MACHINES = {
  Preflight: {
    says: 'Looks at both sides, foretells what the migration takes, and lists everything that stands in the way. Writes nothing anywhere.',
    acts: false,
    order: [task('Forecast'), task('CheckReadiness')],
  },
  Replicate: {
    says: 'Copies schema and data to PlanetScale and keeps them equal while the application goes on. Can be started again at any time.',
    acts: true,
    order: [
      until('ConfigureTarget'),
      task('CheckReadiness'),
      until('ConfigureSource'),
      withRebootConsent(until('RebootSource')),
      until('VerifyWalLevel'),
      task('CreateReplicationRole'),
      task('SetReplicaIdentity'),
      task('CopySchema'),
      task('TrySample'),
      task('CreatePublication'),
      task('CheckNetwork'),
      until('SeedCopy'),
      untilWith('FinishParts', { name: 'CopyInParts', listedBy: 'SeedCopy', steps: ['CopyParts', 'BuildCopied'] }),
      until('BuildKeys'),
      until('CreateSubscription'),
      until('AwaitCopy'),
      until('BuildIndexes'),
      task('CreateApplicationLogin'),
      until('AwaitConvergence'),
      task('SyncSequences'),
      until('CompareData'),
    ],
  },
  Pace: {
    says: 'Sets how many workers of a copy in parts may work at a time, while Replicate runs; 0 pauses them.',
    acts: false,
    order: [task('SetPace')],
  },
  Cutover: {
    says: 'Switches the application to PlanetScale, once it is certain that nothing is lost. On any failure the application stays on Aurora.',
    acts: true,
    order: [until('CompareData'), task('CheckCutover'), fencing(task('SwitchOver'))],
  },
  Rollback: {
    says: 'Switches the application back to Aurora, with everything that was written since. On any failure the application stays on PlanetScale.',
    acts: true,
    order: [task('CheckRollback'), fencing(task('SwitchBack'))],
  },
  Recovery: {
    says: 'Ends a switch that was cut off: lifts its fence, or carries it to its end where it was committed. Starts by itself after Cutover and Rollback.',
    acts: true,
    order: [liftingFence],
  },
  Rotation: {
    says: 'Gives the replication role a new password, and the stream with it, which loses nothing and goes on. The application is not affected.',
    acts: true,
    order: [until('RotatePassword')],
  },
  Cleanup: {
    says: 'Removes what the migration made in both databases, from any state, and opens what a switch has closed. The side that serves goes on serving. Can be started again at any time.',
    acts: true,
    order: [until('DropReplication'), until('RestoreTarget'), until('RestoreSource')],
  },
} as const satisfies Readonly<Record<MachineName, Machine<string>>>;

/** Name of a step of some machine. The compiler requires the registry of steps to hold each of them, and no other. */
export type StepName = (typeof MACHINES)[MachineName]['order'][number]['step'];

/** The steps that fence a side or lift a fence, in every machine with `step`: the functions that a check before a switch has to wake. */
export const fencingWith = (step: StepName): StepName[] => [
  ...new Set(
    MACHINE_NAMES.flatMap((name): readonly Stage[] => {
      const { order }: Machine = MACHINES[name];
      return order.some((stage) => stage.step === step) ? order : [];
    }).flatMap((stage) => (stage.onFailure ? [stage.step, stage.onFailure.step] : [])),
  ),
];

/** Every step that a machine may call, those after a failure included, each once. */
export const stepsOf = ({ order }: Machine): StepName[] => [
  ...new Set(order.flatMap(({ step, workers, onFailure }) => [...(workers?.steps ?? []), step, ...(onFailure ? [onFailure.step] : [])])),
];

/** The machines that may call `step`, after a failure included. */
export const machinesWith = (step: StepName): MachineName[] => MACHINE_NAMES.filter((name) => stepsOf(MACHINES[name]).includes(step));

/**
 * The machine that was started, of those that may call `step`; all of these where the name of the machine in the ARN tells nothing.
 * @param executionArn `…:execution:<stack>-<machine>:<name>`
 */
export function machinesStarted(step: StepName, executionArn: string): MachineName[] {
  const [, deployed = ''] = /:execution:([^:]+):/.exec(executionArn) ?? [];
  const known = machinesWith(step);
  const named = known.filter((name) => name === deployed.split('-').at(-1));
  return named.length > 0 ? named : known;
}
