/**
 * Every table of ours in the two databases: its name, where it is, what for, who writes it and when it goes. Whatever makes one or asks it takes
 * the name from here. Rooms below this one know the heartbeat by `HEARTBEAT` of `config/names.ts`, since it is published with the user's tables.
 */
import { HEARTBEAT, PREFIX, SCHEMA } from '../config/names.ts';
import type { SideName } from '../config/side-name.ts';
import type { StepName } from '../engine/machines.ts';
import { qualified } from '../postgres/quote.ts';

/** What is to be known of a table beside its name. */
interface Described {
  /** The sides on which it may be. */
  readonly on: readonly SideName[];
  /** What it is for. */
  readonly holds: string;
  /** Steps that write rows of it, or take some away. */
  readonly writtenBy: readonly StepName[];
}

export interface OwnTable extends Described {
  readonly schema: string;
  readonly name: string;
  /** Schema and name as SQL writes them, quoted. */
  readonly table: string;
  /** `Cleanup`: it is dropped with our schema and everything in it, at the latest. `session`: it is temporary. */
  readonly goes: 'Cleanup' | 'session';
}

const kept = (name: string, described: Described): OwnTable => ({
  schema: SCHEMA,
  name,
  table: qualified(SCHEMA, name),
  goes: 'Cleanup',
  ...described,
});

const temporary = (name: string, described: Described): OwnTable => ({
  schema: 'pg_temp',
  name,
  table: qualified('pg_temp', name),
  goes: 'session',
  ...described,
});

const BOTH: readonly SideName[] = ['source', 'target'];
/** The steps that switch, and the one that carries a committed switch to its end. */
const SWITCHING = ['SwitchOver', 'SwitchBack', 'LiftFence'] as const satisfies readonly StepName[];

export const OWN_TABLES = {
  heartbeat: kept(HEARTBEAT, {
    on: BOTH,
    holds: 'Numbered markers, written on the side that serves and brought over by the stream: a number that is missing is a lost change.',
    writtenBy: ['AwaitConvergence', 'CheckCutover', 'CheckRollback', ...SWITCHING],
  }),
  gate: kept('gate', {
    on: BOTH,
    holds: "One row: whether this side takes the application's writes, what the fence took away, and the committed switches.",
    writtenBy: [...SWITCHING, 'DropReplication'],
  }),
  slotIncarnations: kept('slot_birth', {
    on: BOTH,
    holds: 'What a slot began with, on the side that publishes: tells a slot that was dropped and made again from the one that it was.',
    writtenBy: ['CreateSubscription', ...SWITCHING],
  }),
  subscribers: kept('subscriber', {
    on: BOTH,
    holds: 'The subscriptions that have read from this side, by the numbers that the slots of their table copies carry in their names.',
    writtenBy: ['CreateSubscription', ...SWITCHING],
  }),
  workerPins: kept('worker_pin', {
    on: BOTH,
    holds: "Settings that the subscription's workers get as long as this side subscribes, and what stood there before.",
    writtenBy: ['CreateSubscription', ...SWITCHING, 'DropReplication'],
  }),
  heldKeys: kept('held_key', {
    on: BOTH,
    holds: 'Foreign keys that are dropped as long as this side subscribes, with the statements that make them again.',
    writtenBy: ['CopySchema', ...SWITCHING, 'DropReplication'],
  }),
  heldForce: kept('held_force', {
    on: BOTH,
    holds: 'Tables that do not force row-level security on their owners as long as this side subscribes.',
    writtenBy: ['CopySchema', 'CreateSubscription', ...SWITCHING, 'DropReplication'],
  }),
  replicaIdentities: kept('replica_identity', {
    on: BOTH,
    holds: 'Replica identities that the migration has set, and what was there before.',
    writtenBy: ['SetReplicaIdentity', 'CopySchema', 'DropReplication'],
  }),
  schemaCopy: kept('schema_copy', {
    on: ['target'],
    holds: 'One row: that the schema was copied as a whole, of which source, and without what.',
    writtenBy: ['CopySchema', 'BuildIndexes'],
  }),
  copiedObjects: kept('copied_object', {
    on: ['target'],
    holds: 'Numbers of the objects that the copy of the schema made, so that exactly these can be dropped.',
    writtenBy: ['CopySchema', 'DropReplication'],
  }),
  carriedRoles: kept('carried_role', {
    on: ['target'],
    holds: 'Roles of the source that stand on the target: by which name, whether the migration made them, and what it has to take back.',
    writtenBy: ['CopySchema'],
  }),
  applicationLogin: kept('application_login', {
    on: ['target'],
    holds: 'The role with which the application logs in on the target, with a password of ours, and whether the migration made the role.',
    writtenBy: ['CreateApplicationLogin'],
  }),
  accessDue: kept('access_due', {
    on: ['target'],
    holds: 'Owners and grants of objects that are made after the copy.',
    writtenBy: ['CopySchema', 'BuildIndexes'],
  }),
  accessUndo: kept('access_undo', {
    on: ['target'],
    holds:
      'Statements that take back what was granted and set on the database, its schemas and its roles, where the copied objects are dropped.',
    writtenBy: ['CopySchema', 'BuildIndexes'],
  }),
  givenPaths: kept('path_given', {
    on: ['target'],
    holds: 'Functions that got a search_path with the copy, which a comparison of the schemas must not take for changes.',
    writtenBy: ['CopySchema'],
  }),
  postData: kept('post_data', {
    on: ['target'],
    holds: 'Statements that the copy of the schema left for later, such as indexes and foreign keys, and what became of each.',
    writtenBy: ['CopySchema', 'BuildCopied', 'BuildKeys', 'BuildIndexes'],
  }),
  baselineSides: kept('schema_baseline_side', {
    on: ['target'],
    holds: 'One row for each side whose schema, or whose code, was recorded as a whole.',
    writtenBy: ['CopySchema', 'BuildIndexes'],
  }),
  baseline: kept('schema_baseline', {
    on: ['target'],
    holds: 'Definitions of the objects on either side as they were recorded, against which later changes are found.',
    writtenBy: ['CopySchema', 'BuildIndexes'],
  }),
  sampleTrial: kept('sample_trial', {
    on: ['target'],
    holds: 'One row: that rows of the source were tried at the target before the copy, and what could not be tried.',
    writtenBy: ['TrySample'],
  }),
  networkTrial: kept('network_trial', {
    on: ['target'],
    holds: 'What the latest execution has found of the ways between the servers.',
    writtenBy: ['CheckNetwork'],
  }),
  copyPlan: kept('copy_plan', {
    on: ['target'],
    holds: 'One row where rows are copied in parts: what they are read from, and how many workers may work.',
    writtenBy: ['CopySchema', 'SeedCopy', 'FinishParts', 'SetPace'],
  }),
  copyTables: kept('copy_table', {
    on: ['target'],
    holds: 'The tables of a copy in parts, and which of them are left to the subscription.',
    writtenBy: ['SeedCopy', 'CopyParts', 'FinishParts'],
  }),
  copyParts: kept('copy_part', {
    on: ['target'],
    holds: 'The parts of a copy, and the transaction that brought each.',
    writtenBy: ['SeedCopy', 'CopyParts', 'FinishParts'],
  }),
  copyWorkers: kept('copy_worker', {
    on: ['target'],
    holds: 'The workers of a copy in parts: what each has, when it was last seen, and what ended its last visit.',
    writtenBy: ['CopyParts'],
  }),
  resyncs: kept('recopy', {
    on: ['target'],
    holds: 'Tables whose copy has to be made again, until it has begun.',
    writtenBy: ['AwaitCopy'],
  }),
  warmth: kept('prewarm', {
    on: ['target'],
    holds: 'What the latest execution has read into memory.',
    writtenBy: ['BuildIndexes'],
  }),
  carriedRows: kept('extension_rows', {
    on: ['target'],
    holds: 'What the latest execution has carried of the rows that extensions mark as their configuration.',
    writtenBy: ['SyncSequences'],
  }),
  plannedSequences: temporary(`${PREFIX}_sequences`, {
    on: BOTH,
    holds: 'The sequences whose exact positions a switch reads or sets, planned before the fence.',
    writtenBy: ['SwitchOver', 'SwitchBack'],
  }),
  uncalledSequences: temporary(`${PREFIX}_uncalled_sequences`, {
    on: BOTH,
    holds: 'The prepared statements that read those of them that were not called.',
    writtenBy: ['SwitchOver', 'SwitchBack'],
  }),
} as const satisfies Readonly<Record<string, OwnTable>>;
