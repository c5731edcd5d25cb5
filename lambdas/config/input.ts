/** The input of an execution. Every key is optional: `{}` runs with the deployed defaults. */
import { InvalidInput } from './errors.ts';
import { INPUT_KEYS, type InputKey } from './input-keys.ts';
import { MACHINE_NAMES, type MachineName } from './machine-names.ts';
import { type Parsers, parseEach, show } from './parsing.ts';

export type { TableName } from './table-name.ts';

type Keys = typeof INPUT_KEYS;

/** The trusted form of an execution's input. What a key means stands in its entry. @see INPUT_KEYS */
export type MigrationInput = { readonly [Key in keyof Keys]: Keys[Key] extends InputKey<infer Value> ? Value : never };

/** Schemas and tables that are not copied, also as recorded with the copy. */
export type Exclusions = Pick<MigrationInput, 'excludeSchemas' | 'excludeTables'>;

/** The entries without the types of their values, for code that treats all alike. */
export const INPUT_ENTRIES = Object.entries(INPUT_KEYS) as readonly [keyof MigrationInput, InputKey<unknown>][];

/** The values where neither the input nor the deployment sets a key. */
export const DEFAULT_INPUT = Object.fromEntries(INPUT_ENTRIES.map(([key, entry]) => [key, entry.default])) as MigrationInput;

/** Keys that none of the machines knows. */
export const keysUnknownTo = (machines: readonly MachineName[]): (keyof MigrationInput)[] =>
  INPUT_ENTRIES.filter(([, entry]) => !entry.machines.some((machine) => machines.includes(machine))).map(([key]) => key);

/** The console fills `{"Comment": "…"}` into every new execution, so that key is accepted and ignored. */
const CONSOLES_OWN = 'Comment';

/**
 * Untrusted execution input → trusted {@link MigrationInput}.
 * @param defaults what the deployment sets in place of {@link DEFAULT_INPUT}
 * @param machines those that may have been started with it: what none of them knows is as unknown as any other key
 * @throws InvalidInput listing every problem at once, unknown keys included
 */
export function parseInput(
  untrusted: unknown,
  defaults: MigrationInput = DEFAULT_INPUT,
  machines: readonly MachineName[] = MACHINE_NAMES,
): MigrationInput {
  if (typeof untrusted !== 'object' || untrusted === null || Array.isArray(untrusted)) {
    throw new InvalidInput([`It must be a JSON object such as {}, not ${show(untrusted)}.`]);
  }
  const { [CONSOLES_OWN]: _ignored, ...settings } = untrusted as Record<string, unknown>;
  const unknown = keysUnknownTo(machines);
  const known = INPUT_ENTRIES.filter(([key]) => !unknown.includes(key)).map(([key, { parse }]) => [key, parse]);
  const { values, problems } = parseEach(Object.fromEntries(known) as Parsers<MigrationInput>, settings);
  if (problems.length > 0) throw new InvalidInput(problems);
  return { ...defaults, ...values };
}
