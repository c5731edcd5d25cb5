/**
 * What a person may say when starting an execution. Everything is optional: `{}` runs with the deployed defaults.
 * Settings that say where the databases are, and with which rights, belong to the deployment (`lib/config.ts`), not here.
 */
import { InvalidInput } from './errors.ts';

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
  /** Consent to reboot the writer instance: `now`, or `wait` for somebody to do it. */
  readonly reboot: 'now' | 'wait';
  /** Index builds that run on the target at a time, 1 to 32. */
  readonly indexWorkers: number;
  /** How many increments a sequence is set ahead of the source while the source still moves, 0 to 1,000,000,000. */
  readonly sequenceMargin: number;
  /** Replication lag, in bytes of WAL, under which both sides count as converged. */
  readonly maxLagBytes: number;
  /** Milliseconds that a marker may take from the source to the target to count as converged. */
  readonly maxLagMilliseconds: number;
  /** Age in seconds from which a write transaction on the source stops the migration. */
  readonly longTransactionSeconds: number;
}

/** @see MigrationInput for the meaning. The margin is that of the guide ("Migrate from Aurora to PlanetScale", step 5). */
export const DEFAULT_INPUT: MigrationInput = {
  excludeSchemas: [],
  excludeTables: [],
  reboot: 'wait',
  indexWorkers: 2,
  sequenceMargin: 10_000,
  maxLagBytes: 1_048_576,
  maxLagMilliseconds: 1_000,
  longTransactionSeconds: 300,
};

type Parse<Value> = (value: unknown) => Value | Problem;
class Problem {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const LONGEST_NAME_BYTES = 63;

/** PostgreSQL's own bounds for a name: not empty, no NUL, at most 63 bytes of UTF-8. Control characters and line breaks are refused with the reason. */
function nameProblem(name: unknown): string | undefined {
  if (typeof name !== 'string' || name === '') return 'must be a name, not empty.';
  if (Buffer.byteLength(name) > LONGEST_NAME_BYTES)
    return `is longer than the ${LONGEST_NAME_BYTES} bytes that PostgreSQL keeps of a name.`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return 'holds a control character or a line break; take it out.';
  return undefined;
}

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};

const wholeNumber =
  (least: number, most: number): Parse<number> =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? value
      : new Problem(`must be a whole number from ${least} to ${most}, not ${show(value)}.`);

const oneOf =
  <Choice extends string>(...choices: readonly Choice[]): Parse<Choice> =>
  (value) =>
    choices.find((choice) => choice === value) ?? new Problem(`must be one of ${choices.map(show).join(', ')}, not ${show(value)}.`);

const listOf =
  <Value>(parse: Parse<Value>): Parse<readonly Value[]> =>
  (value) => {
    if (!Array.isArray(value)) return new Problem(`must be a list, not ${show(value)}.`);
    const parsed = value.map(parse);
    return parsed.find((item) => item instanceof Problem) ?? (parsed as Value[]);
  };

const schemaName: Parse<string> = (value) => {
  const problem = nameProblem(value);
  return problem ? new Problem(`names ${show(value)}, which ${problem}`) : (value as string);
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

const KEYS: { readonly [Key in keyof MigrationInput]: Parse<MigrationInput[Key]> } = {
  excludeSchemas: listOf(schemaName),
  excludeTables: listOf(tableName),
  reboot: oneOf('now', 'wait'),
  indexWorkers: wholeNumber(1, 32),
  sequenceMargin: wholeNumber(0, 1_000_000_000),
  maxLagBytes: wholeNumber(1, 1_000_000_000_000),
  maxLagMilliseconds: wholeNumber(1, 3_600_000),
  longTransactionSeconds: wholeNumber(1, 86_400),
};

/** The console fills `{"Comment": "…"}` into every new execution, so that key is let through and ignored. */
const IGNORED = new Set(['Comment']);

/**
 * Untrusted execution input → trusted {@link MigrationInput}.
 * @param defaults what the deployment sets in place of {@link DEFAULT_INPUT}, itself in the untrusted form
 * @throws InvalidInput listing every problem at once, unknown keys included
 */
export function parseInput(untrusted: unknown, defaults: MigrationInput = DEFAULT_INPUT): MigrationInput {
  if (typeof untrusted !== 'object' || untrusted === null || Array.isArray(untrusted)) {
    throw new InvalidInput([`It must be a JSON object such as {}, not ${show(untrusted)}.`]);
  }
  const problems: string[] = [];
  const input: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(untrusted)) {
    if (IGNORED.has(key)) continue;
    if (!Object.hasOwn(KEYS, key)) {
      problems.push(`${show(key)} is not a setting; the settings are ${Object.keys(KEYS).join(', ')}.`);
      continue;
    }
    const parsed = KEYS[key as keyof MigrationInput](value);
    if (parsed instanceof Problem) problems.push(`"${key}" ${parsed.text}`);
    else input[key] = parsed;
  }
  if (problems.length > 0) throw new InvalidInput(problems);
  return input as unknown as MigrationInput;
}
