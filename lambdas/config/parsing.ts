/** Untrusted values → trusted ones, with every problem at once. Shared by the execution's input and the deployment's settings. */

/** Why a value was refused; one text for each fault, each a predicate of the value's key: `must be …`. */
export class Problem {
  readonly texts: readonly string[];
  constructor(...texts: readonly string[]) {
    this.texts = texts;
  }
}

export type Parse<Value> = (value: unknown) => Value | Problem;
/** One parser for each key of the trusted type. */
export type Parsers<Trusted> = { readonly [Key in keyof Trusted]-?: Parse<Exclude<Trusted[Key], undefined>> };

const LONGEST_SHOWN = 80;

/** A value as it may stand in a message: on one line, and not endless. */
export const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN - 3)}...` : text;
};

/** @returns whatever could be parsed, and the problems of the rest, unknown keys included; `problems` is empty when all is well */
export function parseEach<Trusted extends object>(
  parsers: Parsers<Trusted>,
  untrusted: Readonly<Record<string, unknown>>,
): { readonly values: Partial<Trusted>; readonly problems: readonly string[] } {
  const values: Partial<Record<string, unknown>> = {};
  const problems: string[] = [];
  for (const [key, value] of Object.entries(untrusted)) {
    if (!Object.hasOwn(parsers, key)) {
      problems.push(`${show(key)} is not a setting; the settings are ${Object.keys(parsers).join(', ')}.`);
      continue;
    }
    const parsed = parsers[key as keyof Trusted](value);
    if (parsed instanceof Problem) problems.push(...parsed.texts.map((text) => `${show(key)} ${text}`));
    else values[key] = parsed;
  }
  return { values: values as Partial<Trusted>, problems };
}

export const wholeNumber =
  (least: number, most: number): Parse<number> =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? value
      : new Problem(`must be a whole number from ${least} to ${most}, not ${show(value)}.`);

export const oneOf =
  <const Choice extends string>(...choices: readonly Choice[]): Parse<Choice> =>
  (value) =>
    choices.find((choice) => choice === value) ?? new Problem(`must be one of ${choices.map(show).join(', ')}, not ${show(value)}.`);

export const listOf =
  <Value>(parse: Parse<Value>): Parse<readonly Value[]> =>
  (value) => {
    if (!Array.isArray(value)) return new Problem(`must be a list, not ${show(value)}.`);
    const parsed = value.map(parse);
    const problems = parsed.filter((item) => item instanceof Problem);
    return problems.length > 0 ? new Problem(...problems.flatMap(({ texts }) => texts)) : (parsed as Value[]);
  };

/** A text of a fixed form, such as an ARN. `form` completes "must be …". */
export const matching =
  (pattern: RegExp, form: string): Parse<string> =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? value : new Problem(`must be ${form}, not ${show(value)}.`);

/** What PostgreSQL keeps of a name (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS). */
const LONGEST_NAME_BYTES = 63;

/** @returns why this cannot be a name in PostgreSQL, or undefined; control characters are legal there but never meant */
export function nameProblem(name: unknown): string | undefined {
  if (typeof name !== 'string' || name === '') return 'must be a name, not empty.';
  if (!name.isWellFormed()) return 'holds half a character (a lone surrogate), which UTF-8 cannot carry.';
  if (Buffer.byteLength(name) > LONGEST_NAME_BYTES) {
    return `is longer than the ${LONGEST_NAME_BYTES} bytes that PostgreSQL keeps of a name.`;
  }
  if (/[\p{Cc}\u2028\u2029]/u.test(name)) return 'holds a control character or a line break; take it out.';
  return undefined;
}

/** The name of a schema or a database, exactly as the catalog has it, without quoting. */
export const databaseName: Parse<string> = (value) => {
  const problem = nameProblem(value);
  return problem === undefined ? (value as string) : new Problem(`names ${show(value)}, which ${problem}`);
};

/** JSON's own `true` or `false`, not a word. */
export const boolean: Parse<boolean> = (value) =>
  typeof value === 'boolean' ? value : new Problem(`must be true or false, not ${show(value)}.`);
