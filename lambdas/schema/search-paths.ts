/**
 * The functions that need a search_path where there will be none, and the path that each gets. PostgreSQL keeps the body of a function as text and
 * looks names up when it runs, so only the server itself can tell for certain what a body means: a word that is the name of an object outside
 * of pg_catalog counts as a name. A path that a function would not have needed costs it being inlined, and nothing else.
 */
import type { Exclusions } from '../config/input.ts';
import type { Reader } from '../ports/database.ts';
import type { GivenPath } from '../state/given-paths.sql.ts';
import {
  type Meaning,
  meaningsOf,
  type PathSetting,
  pathSettings,
  type Routine,
  routinesWithoutPath,
  schemasThere,
} from './search-paths.sql.ts';

/** Words, quoted names and operators of a body, strings included: what is executed, or cast to regclass, stands in strings. */
const WORD = /(\.\s*)?(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*)|([-+*/<>=~!@#%^&|`?]+))/gu;
/** With these, the names that a function uses are not in its body. */
const DYNAMIC = new Set(['execute', 'current_schema', 'current_schemas', 'search_path']);

interface Words {
  /** Not behind a dot. */
  readonly bare: ReadonlySet<string>;
  readonly qualified: ReadonlySet<string>;
}

export function wordsIn(body: string): Words {
  const [bare, qualified] = [new Set<string>(), new Set<string>()];
  for (const [, dot, quoted, plain, operator] of body.matchAll(WORD)) {
    const word = quoted?.replaceAll('""', '"') ?? plain?.toLowerCase() ?? operator ?? '';
    (dot === undefined ? bare : qualified).add(word);
  }
  return { bare, qualified };
}

/** `"$user", app` → names; unquoted ones in lower case, as SplitIdentifierString has it. */
export const namesInPath = (path: string): string[] =>
  [...path.matchAll(/"((?:[^"]|"")*)"|([^,\s"]+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? (plain ?? '').toLowerCase(),
  );

interface Paths {
  readonly settings: readonly PathSetting[];
  readonly schemas: ReadonlySet<string>;
  /** Roles with a schema of their own, for which `$user` stands for something. */
  readonly users: readonly string[];
}

/** The paths that a function may have been run under, the likeliest first: of its owner, then of every role, then of any other role. */
function candidates(owner: string, { settings, schemas, users }: Paths): string[][] {
  const likely = (setting: PathSetting): number => (setting.role === owner ? 0 : setting.role === null ? 1 : 2);
  const resolved = (path: string, user: string): string[] =>
    namesInPath(path)
      .map((name) => (name === '$user' ? user : name))
      .filter((name, at, all) => (schemas.has(name) || name === 'pg_temp') && all.indexOf(name) === at);
  return [...settings]
    .sort((one, other) => likely(one) - likely(other))
    .flatMap(({ role, path }) => [...new Set([role ?? owner, owner, ...users])].map((user) => resolved(path, user)))
    .filter((path) => path.length > 0);
}

/** The first path under which most of the words mean something. */
function pathFor(
  routine: Routine,
  bare: ReadonlySet<string>,
  meanings: ReadonlyMap<string, readonly Meaning[]>,
  paths: Paths,
): GivenPath | undefined {
  const isFoundIn = (path: readonly string[]) =>
    [...bare].filter((word) => meanings.get(word)?.some(({ schema }) => path.includes(schema))).length;
  let best: { path: string[]; found: number } | undefined;
  for (const path of candidates(routine.owner, paths)) {
    const found = isFoundIn(path);
    if (!best || found > best.found) best = { path, found };
  }
  const isDynamic = [...bare].some((word) => DYNAMIC.has(word));
  return best && (best.found > 0 || isDynamic) ? { routine: routine.routine, path: best.path } : undefined;
}

/** The paths that functions of the target get, and that the source's have from their sessions. Reads catalogs only. */
export async function pathsToGive(source: Pick<Reader, 'query'>, input: Exclusions): Promise<GivenPath[]> {
  const given = new Map<string, GivenPath>();
  const seen = new Set<string>();
  let round: Routine[] = await source.query(routinesWithoutPath(input));
  if (round.length === 0) return [];
  const schemas = await source.query(schemasThere());
  const paths: Paths = {
    settings: await source.query(pathSettings()),
    schemas: new Set(schemas.map(({ name }) => name)),
    users: schemas.flatMap(({ name, isRole }) => (isRole ? [name] : [])),
  };
  while (round.length > 0) {
    const found = round.map((routine) => ({ routine, words: wordsIn(routine.body) }));
    const all = [...new Set(found.flatMap(({ words }) => [...words.bare, ...words.qualified]))];
    const meanings = Map.groupBy(await source.query(meaningsOf(all)), ({ word }) => word);
    const next: Routine[] = [];
    for (const { routine, words } of found) {
      seen.add(routine.routine);
      const path = pathFor(routine, words.bare, meanings, paths);
      if (path) given.set(routine.routine, path);
      // With a path of its own it hands that on to what it calls; without, what it calls by its schema has to have one.
      else next.push(...[...words.qualified].flatMap((word) => (meanings.get(word) ?? []).flatMap(asRoutine)));
    }
    round = [...new Map(next.map((one) => [one.routine, one])).values()].filter((one) => !seen.has(one.routine));
  }
  return [...given.values()].sort((one, other) => (one.routine < other.routine ? -1 : 1));
}

const asRoutine = ({ routine, owner, body }: Meaning): Routine[] =>
  routine === null || owner === null || body === null ? [] : [{ routine, owner, body }];
