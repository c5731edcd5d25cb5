/**
 * The keys of an execution's input, one entry each: types, defaults, refusals and `docs/input.md` follow from it. Settings that say where the
 * databases are, and with which rights, belong to the deployment (`lib/settings.ts`), not here.
 */
import { MACHINE_NAMES, type MachineName } from './machine-names.ts';
import { boolean, databaseName, listOf, matching, oneOf, type Parse, wholeNumber } from './parsing.ts';
import { tableName } from './table-name.ts';

/** One key of the input. */
export interface InputKey<Value> {
  /** The untrusted value of the key → the trusted one, or why it is refused. */
  readonly parse: Parse<Value>;
  /** Value where neither the input nor the deployment sets the key. */
  readonly default: Value;
  /** What the default means, where it is no value that an input could hold. */
  readonly otherwise?: string;
  /** What the key means, with its units; Markdown on one line. */
  readonly says: string;
  /** The machines that know the key; any other refuses it like one that nothing knows. */
  readonly machines: readonly MachineName[];
  /** What is consented to, where each execution has to do so for itself: no deployment may set the key for all executions to come. */
  readonly consent?: string;
}

/** Lets the compiler find the type of the value from its parser, and hold the default against it. */
const key = <Value>(entry: Omit<InputKey<Value>, 'default'> & { readonly default: NoInfer<Value> }): InputKey<Value> => entry;

const COPYING = ['Preflight', 'Replicate'] as const satisfies readonly MachineName[];
/** Enough to keep a table's builders busy, and few enough for any size of a target. */
export const DEFAULT_COPY_WORKERS = 8;
const SWITCHING = ['Cutover', 'Rollback', 'Recovery'] as const satisfies readonly MachineName[];

export const INPUT_KEYS = {
  excludeSchemas: key({
    parse: listOf(databaseName),
    default: [],
    says: 'Schemas to leave behind, by their exact names. The same for every machine of one migration.',
    machines: MACHINE_NAMES,
  }),
  excludeTables: key({
    parse: listOf(tableName),
    default: [],
    says: 'Tables to leave behind, written `schema.table` or `"Schema"."Table"`. The same for every machine of one migration.',
    machines: MACHINE_NAMES,
  }),
  searchPath: key({
    parse: oneOf('source', 'as-is'),
    default: 'source',
    says: 'What becomes of functions that are evaluated during the copy and name something without its schema: `"source"` gives them, on the target, the `search_path` that they have on the source; `"as-is"` leaves them.',
    machines: MACHINE_NAMES,
  }),
  roles: key({
    parse: oneOf('carry', 'flatten'),
    default: 'carry',
    says: 'What becomes of owners, grants and settings: `"carry"` brings them along, with the roles that have them; with `"flatten"` everything belongs to the role that makes the copy, as in the guides, and code of others runs with its rights. Decided when the schema is copied.',
    machines: MACHINE_NAMES,
  }),
  trustCode: key({
    parse: boolean,
    default: false,
    says: "`true`: consent to a stream back that runs, on a source before 16, the code that `Preflight` names with the rights of the source's login.",
    machines: [...COPYING, ...SWITCHING],
    consent: 'running code of others with the rights of our role',
  }),
  reboot: key({
    parse: oneOf('now', 'wait'),
    default: 'wait',
    says: '`"now"`: consent to reboot the writer instance; with `"wait"` the migration waits until the operator has rebooted it.',
    machines: MACHINE_NAMES,
    consent: 'rebooting the writer',
  }),
  restart: key({
    parse: oneOf('now', 'wait'),
    default: 'wait',
    says: '`"now"`: consent to restart PlanetScale\'s cluster although it serves somebody, which ends every connection to it; with `"wait"` only a cluster that serves nobody is restarted.',
    machines: ['Preflight', 'Replicate', 'Cleanup'],
    consent: 'restarting a cluster that serves',
  }),
  replicaIdentity: key({
    parse: oneOf('as-is', 'full'),
    default: 'as-is',
    says: '`"full"`: give tables whose rows cannot be told apart a replica identity on the source, until `Cleanup`: what is there already, or else FULL. `Preflight` and `Replicate` ask for it; nothing else does.',
    machines: MACHINE_NAMES,
  }),
  copy: key({
    parse: oneOf('auto', 'stream', 'parts'),
    default: 'auto',
    says: 'How rows are copied: `"stream"`, by the subscription, as in the guides; `"parts"`, in parts by functions side by side, and only changes by the subscription; `"auto"` takes parts from 20 GB in one table or 150 GB in all. Decided when the schema is copied.',
    machines: COPYING,
  }),
  copyWorkers: key<number | undefined>({
    parse: wholeNumber(0, 200),
    default: undefined,
    otherwise: `\`${DEFAULT_COPY_WORKERS}\` for a copy in parts that begins, and what was said last for one that goes on`,
    says: 'Workers that copy parts at a time, never more than both sides have sessions to spare; `0` pauses. `Pace` changes it while `Replicate` runs.',
    machines: [...COPYING, 'Pace'],
  }),
  partBytes: key({
    parse: wholeNumber(8_192, 100_000_000_000),
    default: 1_073_741_824,
    says: 'Size in bytes at which a table is split into parts, its TOAST counted in.',
    machines: COPYING,
  }),
  indexWorkers: key({
    parse: wholeNumber(1, 32),
    default: 2,
    says: 'Index builds that run on the target at a time.',
    machines: MACHINE_NAMES,
  }),
  prewarm: key({
    parse: boolean,
    default: false,
    says: "Whether `BuildIndexes` reads tables and indexes into the target's `shared_buffers`, largest first, as far as they reach, where pg_prewarm is to be had.",
    machines: MACHINE_NAMES,
  }),
  sequenceMargin: key({
    parse: wholeNumber(0, 1_000_000_000),
    default: 10_000, // the guide's ("Migrate from Aurora to PlanetScale", step 5)
    says: 'Increments that a sequence of the target is set ahead of the source while the source still moves.',
    machines: MACHINE_NAMES,
  }),
  maxLagBytes: key({
    parse: wholeNumber(1, 1_000_000_000_000),
    default: 1_048_576,
    says: 'Replication lag, in bytes of WAL, under which both sides count as converged.',
    machines: MACHINE_NAMES,
  }),
  maxLagMilliseconds: key({
    parse: wholeNumber(1, 3_600_000),
    default: 1_000,
    says: 'Milliseconds that a marker may take from the source to the target to count as converged.',
    machines: MACHINE_NAMES,
  }),
  longTransactionSeconds: key({
    parse: wholeNumber(1, 86_400),
    default: 300,
    says: 'Age in seconds from which a write transaction on the source is a blocker.',
    machines: MACHINE_NAMES,
  }),
  forecastSeconds: key({
    parse: wholeNumber(0, 40),
    default: 20,
    says: 'Seconds for which `Preflight` watches the source write, to tell WAL and transactions; with `0` only what the server has counted by itself is told.',
    machines: ['Preflight'],
  }),
  forecastMegabytesPerSecond: key<number | undefined>({
    parse: wholeNumber(1, 10_000),
    default: undefined,
    otherwise: 'what is measured, and no more than 40',
    says: 'Megabytes a second that one stream of rows is assumed to bring, for the [forecast](forecast.md) alone.',
    machines: ['Preflight'],
  }),
  forecastIndexMegabytesPerSecond: key({
    parse: wholeNumber(1, 10_000),
    default: 20,
    says: 'Megabytes of indexes a second that one build is assumed to make on the target, for the [forecast](forecast.md) alone.',
    machines: ['Preflight'],
  }),
  forecastDays: key({
    parse: wholeNumber(1, 365),
    default: 14,
    says: 'Days from the deployment to `Cleanup`, for the cost in the [forecast](forecast.md) alone.',
    machines: ['Preflight'],
  }),
  forecastDollarsPerTerabyte: key({
    parse: wholeNumber(0, 10_000),
    default: 90,
    says: 'US dollars for each terabyte that leaves the cluster, for the cost in the [forecast](forecast.md) alone: `90` to anywhere, and `10` within the region.',
    machines: ['Preflight'],
  }),
  fenceSeconds: key({
    parse: wholeNumber(1, 600),
    default: 30,
    says: 'Seconds that a switch may keep the application from writing; past them the fence is lifted and nothing was switched.',
    machines: SWITCHING,
  }),
  // Whether it was said is kept: where only a consent would do, the default is none (`checks/cutover/consent.ts`).
  reverse: key<boolean | 'unsaid'>({
    parse: boolean,
    default: 'unsaid',
    otherwise: '`true`, where no consent is needed',
    says: "Whether a switch makes the stream back; with `false` there is no way back without losing what was written since. Where the stream is encrypted but verifies nothing it takes an explicit `true`: from sources 11 and 12, and from 13 to 15 unless the target offers channel binding; 16 and newer verify the target's certificate (settings `reverseSslmode`, `reverseHost`, `reversePort`). For `Preflight` and `Replicate`, `false` neither looks for nor tries what only the way back needs; no promise for later: say it to `Cutover` again.",
    machines: [...COPYING, ...SWITCHING],
    consent: 'switching without a way back',
  }),
  verify: key({
    parse: oneOf('before', 'fence'),
    default: 'before',
    says: '`"fence"`: every row is compared once more while neither side takes writes; that counts as downtime.',
    machines: SWITCHING,
  }),
  harmlessRoles: key({
    parse: listOf(databaseName),
    default: [],
    says: 'Roles that may connect under the fence, because they write nothing that matters, by their exact names; what they write between fence and switch is lost.',
    machines: SWITCHING,
  }),
  execution: key<string | undefined>({
    parse: matching(/^[A-Za-z0-9_-]{1,80}$/, "an execution's name"),
    default: undefined,
    otherwise: 'none',
    says: 'Name of the execution whose fence is to be lifted at once; any other is lifted when its time is over.',
    machines: ['Recovery'],
    consent: 'lifting the fence of an execution',
  }),
  lost: key<'source' | 'target' | undefined>({
    parse: oneOf('source', 'target'),
    default: undefined,
    otherwise: 'none',
    says: 'A side that is gone for good: what the migration made there is not missed when it is cleaned up.',
    machines: ['Cleanup'],
    consent: 'giving up a side',
  }),
  target: key({
    parse: oneOf('keep', 'drop'),
    default: 'keep',
    says: 'What becomes of the copied objects on the target when the migration is cleaned up. `"drop"` is refused after a switch.',
    machines: ['Cleanup'],
    consent: 'dropping the copied objects',
  }),
} as const;
