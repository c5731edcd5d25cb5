/**
 * What a person may say when starting an execution. Everything is optional: `{}` runs with the deployed defaults.
 * Settings that say where the databases are, and with which rights, belong to the deployment (`lib/config.ts`), not here.
 */
import { InvalidInput } from './errors.ts';
import {
  boolean,
  databaseName,
  listOf,
  matching,
  nameProblem,
  oneOf,
  type Parse,
  type Parsers,
  Problem,
  parseEach,
  show,
  wholeNumber,
} from './parsing.ts';
import type { SideName } from './side-name.ts';

/** A table by its real names, without quoting. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** The trusted form of an execution's input. */
export interface MigrationInput {
  /** Schemas to leave behind, by their exact names. */
  readonly excludeSchemas: readonly string[];
  /** Tables to leave behind, written `schema.table` or `"schema"."table"`. */
  readonly excludeTables: readonly TableName[];
  /**
   * What becomes of functions that lean on a search_path and are run where there is none: `source` gives them, on the target, the path that
   * they have on the source; `as-is` leaves them as they are.
   */
  readonly searchPath: 'source' | 'as-is';
  /** Consent to reboot the writer instance: `now`, or `wait` for somebody to do it. */
  readonly reboot: 'now' | 'wait';
  /**
   * `full`: consent to give tables whose rows cannot be told apart a replica identity on the source, until Cleanup: what is there already,
   * or else FULL. Preflight and Replicate ask for it; nothing else does.
   */
  readonly replicaIdentity: 'as-is' | 'full';
  /** Index builds that run on the target at a time, 1 to 32. */
  readonly indexWorkers: number;
  /** Whether tables and indexes are read into the target's memory once they are built, as far as it reaches, where it has pg_prewarm. */
  readonly prewarm: boolean;
  /** How many increments a sequence is set ahead of the source while the source still moves, 0 to 1,000,000,000. */
  readonly sequenceMargin: number;
  /** Replication lag, in bytes of WAL, under which both sides count as converged. */
  readonly maxLagBytes: number;
  /** Milliseconds that a marker may take from the source to the target to count as converged. */
  readonly maxLagMilliseconds: number;
  /** Age in seconds from which a write transaction on the source stops the migration. */
  readonly longTransactionSeconds: number;
  /** Seconds that a switch may keep the application from writing; past them the fence is lifted and nothing was switched. 1 to 600. */
  readonly fenceSeconds: number;
  /**
   * Whether a switch makes the stream back, without which there is no way back that keeps what was written since. It does where nothing was
   * said, unless only a consent would do (`checks/cutover/consent.ts`): so whether it was said is kept.
   */
  readonly reverse: boolean | 'unsaid';
  /** `fence`: every row is compared once more while neither side takes writes; that counts as downtime. */
  readonly verify: 'before' | 'fence';
  /** Roles that may connect while a side is shut, because they write nothing that matters; by their exact names. */
  readonly harmlessRoles: readonly string[];
  /** Name of the execution whose fence is to be lifted at once; any other is lifted when its time is over. */
  readonly execution: string | undefined;
  /** A side that is gone for good: what the migration made there is not missed when it is cleaned up. */
  readonly lost: SideName | undefined;
  /** What becomes of the copied objects on the target when the migration is cleaned up. */
  readonly target: 'keep' | 'drop';
}

/** What stays behind, also as it is kept beside the copy. */
export type Exclusions = Pick<MigrationInput, 'excludeSchemas' | 'excludeTables'>;

/** @see MigrationInput for the meaning. The margin is that of the guide ("Migrate from Aurora to PlanetScale", step 5). */
export const DEFAULT_INPUT: MigrationInput = {
  excludeSchemas: [],
  excludeTables: [],
  searchPath: 'source',
  reboot: 'wait',
  replicaIdentity: 'as-is',
  indexWorkers: 2,
  prewarm: false,
  sequenceMargin: 10_000,
  maxLagBytes: 1_048_576,
  maxLagMilliseconds: 1_000,
  longTransactionSeconds: 300,
  fenceSeconds: 30,
  reverse: 'unsaid',
  verify: 'before',
  harmlessRoles: [],
  execution: undefined,
  lost: undefined,
  target: 'keep',
};

/** `schema.table`, each part plain or in double quotes, a double quote inside doubled, as SQL writes it. */
const QUALIFIED = /^("(?:[^"]|"")+"|[^".]+)\.("(?:[^"]|"")+"|[^".]+)$/u;
const unquote = (part: string): string => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part);

const tableName: Parse<TableName> = (value) => {
  const parts = typeof value === 'string' ? QUALIFIED.exec(value) : null;
  if (!parts) {
    return new Problem(`names ${show(value)}, which is not schema.table; put parts that hold a dot or a quote in double quotes.`);
  }
  const [schema = '', table = ''] = parts.slice(1).map(unquote);
  const problem = nameProblem(schema) ?? nameProblem(table);
  return problem ? new Problem(`names ${show(value)}, which ${problem}`) : { schema, table };
};

const KEYS: Parsers<MigrationInput> = {
  excludeSchemas: listOf(databaseName),
  excludeTables: listOf(tableName),
  searchPath: oneOf('source', 'as-is'),
  reboot: oneOf('now', 'wait'),
  replicaIdentity: oneOf('as-is', 'full'),
  indexWorkers: wholeNumber(1, 32),
  prewarm: boolean,
  sequenceMargin: wholeNumber(0, 1_000_000_000),
  maxLagBytes: wholeNumber(1, 1_000_000_000_000),
  maxLagMilliseconds: wholeNumber(1, 3_600_000),
  longTransactionSeconds: wholeNumber(1, 86_400),
  fenceSeconds: wholeNumber(1, 600),
  reverse: boolean,
  verify: oneOf('before', 'fence'),
  harmlessRoles: listOf(databaseName),
  execution: matching(/^[A-Za-z0-9_-]{1,80}$/, "an execution's name"),
  lost: oneOf('source', 'target'),
  target: oneOf('keep', 'drop'),
};

/** Keys that have a meaning in the machines that switch, and but for {@link COPY_KEYS} in no other. */
export const SWITCH_KEYS = ['fenceSeconds', 'reverse', 'verify', 'harmlessRoles'] as const satisfies readonly (keyof MigrationInput)[];

/** What of it concerns a copy as well: what the way back needs of the target is looked at and tried before anything is copied. */
export const COPY_KEYS = ['reverse'] as const satisfies readonly (keyof MigrationInput)[];

/** The console fills `{"Comment": "…"}` into every new execution, so that key is let through and ignored. */
const CONSOLES_OWN = 'Comment';

/**
 * Untrusted execution input → trusted {@link MigrationInput}.
 * @param defaults what the deployment sets in place of {@link DEFAULT_INPUT}
 * @param ofOthers keys that only other machines understand; here they are as unknown as any
 * @throws InvalidInput listing every problem at once, unknown keys included
 */
export function parseInput(
  untrusted: unknown,
  defaults: MigrationInput = DEFAULT_INPUT,
  ofOthers: readonly (keyof MigrationInput)[] = [],
): MigrationInput {
  if (typeof untrusted !== 'object' || untrusted === null || Array.isArray(untrusted)) {
    throw new InvalidInput([`It must be a JSON object such as {}, not ${show(untrusted)}.`]);
  }
  const { [CONSOLES_OWN]: _ignored, ...settings } = untrusted as Record<string, unknown>;
  const understood = Object.entries(KEYS).filter(([key]) => !ofOthers.includes(key as keyof MigrationInput));
  const { values, problems } = parseEach(Object.fromEntries(understood) as Parsers<MigrationInput>, settings);
  if (problems.length > 0) throw new InvalidInput(problems);
  return { ...defaults, ...values };
}
