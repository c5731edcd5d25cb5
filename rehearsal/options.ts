/** The command line of the rehearsal: untrusted words → trusted {@link RehearsalOptions}, with every problem at once. */
import { parseArgs } from 'node:util';
import { InvalidInput } from '../lambdas/config/errors.ts';
import { type MigrationInput, parseInput } from '../lambdas/config/input.ts';
import type { Json } from '../lambdas/config/json.ts';
import type { MachineName } from '../lambdas/engine/machines.ts';
import type { ConnectionSettings } from '../lambdas/ports/connection-settings.ts';
import { STOPS } from './course.ts';
import { InvalidUrl, settingsOfUrl } from './database-url.ts';
import { DEFAULT_RATE, DEFAULT_SOURCE, DEFAULT_TARGET, TARGET_VERSIONS } from './help.ts';
import { SERVER_VERSIONS, type ServerVersion } from './servers/binaries.ts';
import { DEFAULT_TARGET_LOGIN, TARGET_ROLES, type TargetLogin } from './servers/planetscale-roles.ts';

/** One side's database: a server that the rehearsal starts for itself, or one that is there already. */
export type Side =
  | { readonly kind: 'embedded'; readonly version: ServerVersion }
  | { readonly kind: 'existing'; readonly settings: ConnectionSettings };

export interface RehearsalOptions {
  readonly source: Side;
  readonly target: Side;
  /** The role that the migration logs in as at an embedded target. */
  readonly targetLogin: TargetLogin;
  /** Whether the migration begins with an empty target secret and a token for a stand-in of PlanetScale's API. */
  readonly planetscaleApi: boolean;
  /** What becomes of owners, grants and settings: the key `roles` of the input. */
  readonly roles: MigrationInput['roles'];
  /** How rows are copied: the key `copy` of the input. Where it is `parts` and nothing is said of their size, the largest table is split all the same. */
  readonly copy: MigrationInput['copy'];
  /** How the target reaches an embedded source: as we do, or through a load balancer. */
  readonly access: 'public' | 'load-balancer';
  /** Fail an embedded source over, to another address, in the middle of the copy. */
  readonly failover: boolean;
  /** A plain SQL file to load in place of the sample. */
  readonly sourceDump: string | undefined;
  /** Do what Preflight asks for on the databases under rehearsal, and go on. */
  readonly schemaFixes: boolean;
  /** The last machine to run, all before it included. `--until` takes its name in lower case. */
  readonly until: MachineName;
  /** Sessions that write all the while, 0 to 64. */
  readonly writers: number;
  /** Transactions a second, of all writers together, 1 to 10,000. */
  readonly rate: number;
  /** Rows of the sample's largest table, 0 to 100,000,000. */
  readonly rows: number;
  /** Execution input of Preflight and Replicate. */
  readonly input: Readonly<Record<string, Json>>;
  /** File to which the report is written as JSON. */
  readonly report: string | undefined;
  /** File to which the page about the migration is written; the same as JSON is written beside it. */
  readonly reportHtml: string | undefined;
  /** Leave the servers running at the end, until Ctrl-C. */
  readonly keep: boolean;
}

/** The command line was refused; nothing was started. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(['The command line was refused, and nothing was started:', ...problems.map((problem) => `  ${problem}`)].join('\n'));
    this.problems = problems;
  }
}

const SPECIFICATION = {
  'source-version': { type: 'string' },
  'target-version': { type: 'string' },
  'target-login': { type: 'string' },
  'planetscale-api': { type: 'boolean' },
  'source-dump': { type: 'string' },
  access: { type: 'string' },
  failover: { type: 'boolean' },
  'source-url': { type: 'string' },
  'target-url': { type: 'string' },
  'schema-fixes': { type: 'boolean' },
  until: { type: 'string' },
  writers: { type: 'string' },
  rate: { type: 'string' },
  rows: { type: 'string' },
  roles: { type: 'string' },
  copy: { type: 'string' },
  'copy-workers': { type: 'string' },
  'part-bytes': { type: 'string' },
  input: { type: 'string' },
  report: { type: 'string' },
  'report-html': { type: 'string' },
  keep: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;
type Option = keyof typeof SPECIFICATION;

/** Values and flags by option, as far as the words are understood; a problem for each that is not. */
function split(words: readonly string[], problems: string[]): Map<Option, string> {
  const { tokens } = parseArgs({ args: [...words], options: SPECIFICATION, strict: false, tokens: true });
  const given = new Map<Option, string>();
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') problems.push(`"${token.value}" is not an option.`);
    else if (!Object.hasOwn(SPECIFICATION, token.name)) problems.push(`${token.rawName} is not an option; --help lists them.`);
    else if (given.has(token.name as Option)) problems.push(`${token.rawName} was given twice.`);
    else if (SPECIFICATION[token.name as Option].type === 'boolean') {
      if (token.value !== undefined) problems.push(`${token.rawName} takes no value.`);
      given.set(token.name as Option, '');
    } else if (!token.value || (!token.inlineValue && token.value.startsWith('--'))) {
      problems.push(`${token.rawName} needs a value.`);
    } else given.set(token.name as Option, token.value);
  }
  return given;
}

/** Where the JSON of a page is written: `report.html` → `report.json`. */
export const jsonBeside = (page: string): string => `${page.replace(/\.html?$/i, '')}.json`;

/**
 * @returns `'help'` where the text is asked for
 * @throws UsageError listing every problem at once, unknown options included; it never shows a URL, which holds a password
 */
export function parseOptions(words: readonly string[]): RehearsalOptions | 'help' {
  const problems: string[] = [];
  const given = split(words, problems);
  if (given.has('help')) return 'help';

  const wholeNumber = (option: Option, fallback: number, least: number, most: number): number => {
    const text = given.get(option);
    if (text === undefined) return fallback;
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    problems.push(`--${option} must be a whole number from ${least} to ${most}, not "${text}".`);
    return fallback;
  };
  const side = (name: 'source' | 'target', versions: readonly ServerVersion[], fallback: ServerVersion): Side => {
    const url = given.get(`${name}-url`);
    const text = given.get(`${name}-version`);
    if (url !== undefined) {
      if (text !== undefined) problems.push(`--${name}-version says nothing about a server of your own; leave it out, or --${name}-url.`);
      try {
        return { kind: 'existing', settings: settingsOfUrl(url) };
      } catch (error) {
        if (!(error instanceof InvalidUrl)) throw error;
        problems.push(`--${name}-url ${error.message}`);
      }
    }
    const version = text === undefined ? fallback : versions.find((known) => String(known) === text);
    if (version === undefined) problems.push(`--${name}-version must be one of ${versions.join(', ')}, not "${text}".`);
    return { kind: 'embedded', version: version ?? fallback };
  };
  const sides = { source: side('source', SERVER_VERSIONS, DEFAULT_SOURCE), target: side('target', TARGET_VERSIONS, DEFAULT_TARGET) };
  const isAllOurs = sides.source.kind === 'embedded' && sides.target.kind === 'embedded';
  const machine = (): MachineName => {
    const text = given.get('until');
    if (text === undefined) return isAllOurs ? 'Cleanup' : 'Replicate';
    const found = STOPS.find((name) => name.toLowerCase() === text.toLowerCase());
    if (!found) problems.push(`--until must be one of ${STOPS.map((name) => name.toLowerCase()).join(', ')}, not "${text}".`);
    return found ?? 'Replicate';
  };

  const targetLogin = (): TargetLogin => {
    const text = given.get('target-login') ?? DEFAULT_TARGET_LOGIN;
    const known = Object.keys(TARGET_ROLES) as TargetLogin[];
    const found = known.find((login) => login === text);
    if (!found) problems.push(`--target-login must be one of ${known.join(', ')}, not "${text}".`);
    return found ?? DEFAULT_TARGET_LOGIN;
  };

  const access = (): RehearsalOptions['access'] => {
    const text = given.get('access') ?? 'public';
    const found = (['public', 'load-balancer'] as const).find((known) => known === text);
    if (!found) problems.push(`--access must be public or load-balancer, not "${text}".`);
    return found ?? 'public';
  };

  const input = (): RehearsalOptions['input'] => {
    const text = given.get('input');
    if (text === undefined) return {};
    try {
      const value: unknown = JSON.parse(text);
      parseInput(value, undefined, ['Preflight', 'Replicate']);
      return value as RehearsalOptions['input'];
    } catch (error) {
      const why = error instanceof InvalidInput ? error.problems : ['It must be JSON.'];
      problems.push(...why.map((problem) => `--input was refused: ${problem}`));
      return {};
    }
  };

  const givenInput = input();
  const roles = (): RehearsalOptions['roles'] => {
    const text = given.get('roles');
    const said = text ?? givenInput.roles ?? 'carry';
    const found = (['carry', 'flatten'] as const).find((known) => known === said);
    if (text !== undefined && givenInput.roles !== undefined && givenInput.roles !== text)
      problems.push('--roles and --input say different things about roles.');
    if (!found) problems.push(`--roles must be carry or flatten, not "${text}".`);
    return found ?? 'carry';
  };

  /** What an option says in place of a key of the input; nothing where it is not given. */
  const said = (option: Option, key: 'copyWorkers' | 'partBytes', least: number, most: number): RehearsalOptions['input'] => {
    if (!given.has(option)) return {};
    const value = wholeNumber(option, least, least, most);
    if (givenInput[key] !== undefined && givenInput[key] !== value)
      problems.push(`--${option} and --input say different things about ${key}.`);
    return { [key]: value };
  };
  const copy = (): RehearsalOptions['copy'] => {
    const text = given.get('copy');
    const way = text ?? givenInput.copy ?? 'auto';
    const found = (['stream', 'parts', 'auto'] as const).find((known) => known === way);
    if (text !== undefined && givenInput.copy !== undefined && givenInput.copy !== text)
      problems.push('--copy and --input say different things about copy.');
    if (!found) problems.push(`--copy must be stream, parts or auto, not "${text}".`);
    if (found === 'stream' && (given.has('copy-workers') || given.has('part-bytes')))
      problems.push('--copy-workers and --part-bytes are about a copy in parts; leave them out, or --copy stream.');
    return found ?? 'auto';
  };

  const chosen = roles();
  const way = copy();
  const options: RehearsalOptions = {
    ...sides,
    targetLogin: targetLogin(),
    planetscaleApi: given.has('planetscale-api'),
    roles: chosen,
    copy: way,
    sourceDump: given.get('source-dump'),
    access: access(),
    failover: given.has('failover'),
    schemaFixes: given.has('schema-fixes'),
    until: machine(),
    writers: wholeNumber('writers', 4, 0, 64),
    rate: wholeNumber('rate', DEFAULT_RATE, 1, 10_000),
    rows: wholeNumber('rows', 100_000, 0, 100_000_000),
    input: {
      ...givenInput,
      ...(given.has('roles') && { roles: chosen }),
      ...(given.has('copy') && { copy: way }),
      ...said('copy-workers', 'copyWorkers', 1, 200),
      ...said('part-bytes', 'partBytes', 8_192, 100_000_000_000),
    },
    report: given.get('report'),
    reportHtml: given.get('report-html'),
    keep: given.has('keep'),
  };
  if (options.sourceDump !== undefined && given.has('source-url')) {
    problems.push('--source-dump is loaded into the embedded source; leave it out, or --source-url.');
  }
  for (const option of ['access', 'failover'] as const) {
    if (given.has(option) && given.has('source-url'))
      problems.push(`--${option} is about the embedded source; leave it out, or --source-url.`);
  }
  if (given.has('target-login') && given.has('target-url')) {
    problems.push('--target-login says nothing about a server of your own, whose URL names the role; leave it out, or --target-url.');
  }
  if (given.has('planetscale-api') && (given.has('target-url') || given.has('target-login'))) {
    problems.push(
      '--planetscale-api makes the login at the embedded target by a stand-in of the API; leave it out, or --target-url and --target-login.',
    );
  }
  if (given.has('schema-fixes') && !isAllOurs) {
    problems.push(
      '--schema-fixes changes the databases under rehearsal, and never one of your own; leave it out, or --source-url and --target-url.',
    );
  }
  if (given.has('rows') && (options.sourceDump !== undefined || given.has('source-url'))) {
    problems.push('--rows is about the sample; leave it out with --source-dump or --source-url.');
  }
  if (options.reportHtml !== undefined && options.report !== undefined && jsonBeside(options.reportHtml) === options.report) {
    problems.push('--report-html writes JSON beside its page, which would replace the file of --report; give one of them another name.');
  }
  if (problems.length > 0) throw new UsageError(problems);
  return options;
}
