/** A rehearsal's whole course: machine after machine, with an application at work until the last comparison. */
import { type Exclusions, keysUnknownTo, parseInput } from '../lambdas/config/input.ts';
import type { Json } from '../lambdas/config/json.ts';
import type { SideName } from '../lambdas/config/side-name.ts';
import type { MachineName } from '../lambdas/engine/machines.ts';
import { identifier } from '../lambdas/postgres/quote.ts';
import type { MigrationHistory } from '../lambdas/report/history.ts';
import { conclude } from './conclude.ts';
import type { Machinery, RehearsalContext } from './context.ts';
import { courseUntil, LEADS_TO } from './course.ts';
import { type Examination, examine } from './examine.ts';
import { historyOf, type Rehearsed } from './history.ts';
import { type AccessComparison, compareAccess } from './inventory/access.ts';
import { lookAtBoth } from './inventory/look.ts';
import { scopeOf } from './inventory/scope.ts';
import { tableSizes } from './inventory/tables.ts';
import { type CatalogComparison, catalogsOfBoth, compareCatalogs } from './inventory/unchanged.ts';
import type { Outcome } from './machines/execution.ts';
import type { Report } from './report.ts';
import { SHOP_ROLE } from './servers/pair.ts';
import { type Performance, switchesOf } from './switches.ts';
import { consentOf } from './way-back.ts';
import { placeOf } from './workload/connection.ts';
import { withoutOwnTables } from './workload/own-subjects.ts';
import { startWorkload, type Workload } from './workload/workload.ts';

/** State of the rehearsal while the course is run. */
interface Performing extends RehearsalContext {
  readonly runner: Machinery;
  readonly workload: Workload;
  readonly performances: Performance[];
  /** Failures beside those of the machines, in sentences. */
  readonly faults: string[];
  /** What the watch measures. */
  readonly series: MigrationHistory['series'];
}

/** @param runner runs the machines */
export async function perform(context: RehearsalContext, runner: Machinery): Promise<Report> {
  const { options, hooks, sides, subjects, secret } = context;
  const writers = subjects.length > 0 ? options.writers : 0;
  const workload = startWorkload({ secret, subjects, writers, rate: options.rate });
  if (writers > 0) hooks.progress.follow?.(() => workload.journal);
  const interrupt = () => {
    workload.abandon();
    runner.abort();
    // Whatever is under way on a server that goes away anyway ends with it.
    if (sides.servers.source && sides.servers.target) sides.destroy();
  };
  hooks.signal?.addEventListener('abort', interrupt, { once: true });
  const watch = hooks.onHistory && context.watch?.();
  try {
    await hooks.onReady?.(sides);
    return await run({ ...context, runner, workload, performances: [], faults: [], series: watch?.series ?? {} });
  } finally {
    await watch?.stop();
    hooks.signal?.removeEventListener('abort', interrupt);
    workload.abandon();
    await workload.stop();
  }
}

async function run(context: Performing): Promise<Report> {
  const { hooks, sides, runner, workload, performances, faults, subjects, options, passedOver, fixes, series } = context;
  const course = courseUntil(options.until);
  hooks.progress.course?.(course);
  const cleansUp = course.includes('Cleanup');
  const before = cleansUp ? await catalogsOfBoth(sides) : undefined;
  await sides.passByPolicies();
  const isThrough = await follow(
    context,
    course.filter((name) => name !== 'Cleanup'),
  );
  await stopWriters(context);
  let examination = isReplicated(runner.outcomes) ? await look(context) : undefined;
  const sizes = examination && hooks.onHistory ? await sizesOf(context) : [];
  let catalogs: CatalogComparison | undefined;
  if (before && isThrough) {
    const { status } = await runner.run('Cleanup', inputOf('Cleanup', context));
    if (status === 'SUCCEEDED') {
      catalogs = compareCatalogs(before, await catalogsOfBoth(sides), carriedTo(sides));
      if (examination && sides.carried) examination = { ...examination, access: await accessAtTheEnd(context, examination.access) };
    }
  }
  const { journal } = workload;
  const switches = switchesOf(performances, journal.acknowledgements, sides.application);
  const report = await conclude({
    sides,
    journal,
    written: subjects.length > 0,
    outcomes: runner.outcomes,
    switches,
    examination,
    catalogs,
    faults,
    passedOver,
    fixes,
  });
  hooks.onHistory?.(historyOf({ options, database: sides.source.database, outcomes: runner.outcomes, report, series, sizes }));
  return report;
}

/** Of the user's tables that are moved, for a report. */
const sizesOf = (context: Performing): Promise<Rehearsed['sizes']> =>
  lookAtBoth(context.sides, async ({ source }) => {
    const scope = await scopeOf(source, leftOutOf(context));
    return (await source(tableSizes())).filter(({ schema, table }) => scope.includes(schema, table));
  });

/** What may have changed on the target for good. */
const carriedTo = ({ carried, loginIsMade }: Performing['sides']): Parameters<typeof compareCatalogs>[2] =>
  carried ? { login: loginIsMade ? identifier(SHOP_ROLE) : undefined } : undefined;

/** `Cleanup` takes back what the migration was given, and nothing else: what differed before it is told all the same. */
async function accessAtTheEnd(context: Performing, before: AccessComparison): Promise<AccessComparison> {
  const after = await lookAtBoth(context.sides, async (both) => compareAccess(both, await scopeOf(both.source, leftOutOf(context))));
  return { ...after, different: [...new Set([...before.different, ...after.different])] };
}

const leftOutOf = (context: Performing): Exclusions => parseInput(leftOutBy(inputOf('Replicate', context)));

const isReplicated = (outcomes: readonly Outcome[]): boolean =>
  outcomes.some(({ name, status }) => name === 'Replicate' && status === 'SUCCEEDED');

/** @returns whether every machine succeeded, and the application was found at work after each */
async function follow(context: Performing, course: readonly MachineName[]): Promise<boolean> {
  const { runner, sides } = context;
  for (const name of course) {
    const to = LEADS_TO[name];
    const outcome = to ? await switchTo(context, name, to) : await runner.run(name, inputOf(name, context));
    if (outcome.status !== 'SUCCEEDED') return false;
    if (name === 'Replicate') await sides.letApplicationIn('target');
    if (to && !(await goesOnAt(context, to))) return false;
  }
  return true;
}

/** Long enough to see the writers write. */
const FORECAST_SECONDS = 1;

/** `Preflight` looks at the user's database; whatever moves it moves the tables of the writers with it. */
function inputOf(name: MachineName, { sides, subjects, fixes, options }: RehearsalContext): Readonly<Record<string, Json>> {
  const given = name === 'Preflight' || name === 'Replicate' ? knownTo(name, options.input) : leftOutBy(options.input);
  const parts: Readonly<Record<string, Json>>[] = [
    name === 'Preflight' ? { forecastSeconds: FORECAST_SECONDS } : {},
    given,
    name === 'Preflight' ? withoutOwnTables(subjects) : {},
    name === 'Replicate' ? sides.input : {},
    name === 'Cleanup' ? sides.cleanupInput : {},
    fixes && fixes.excluded.length > 0 ? { excludeTables: fixes.excluded } : {},
  ];
  return Object.assign({}, ...parts, leftOutBy(...parts));
}

/** One input is given for both machines, and either refuses what only the other knows. */
const knownTo = (name: MachineName, input: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> =>
  Object.fromEntries(Object.entries(input).filter(([key]) => !keysUnknownTo([name]).some((unknown) => unknown === key)));

/** Objects that any of these inputs leaves out. */
function leftOutBy(...inputs: readonly Readonly<Record<string, Json>>[]): Readonly<Record<string, Json>> {
  const lists = (['excludeSchemas', 'excludeTables'] as const).map((key) => [
    key,
    inputs.flatMap((input) => (Array.isArray(input[key]) ? input[key] : [])),
  ]);
  return Object.fromEntries(lists.filter(([, list]) => (list?.length ?? 0) > 0));
}

/** Starts the sessions again that do not reconnect by themselves; the switch has to end them all. */
async function switchTo(context: Performing, name: MachineName, to: SideName): Promise<Outcome> {
  const { runner, workload, performances, faults, hooks, sides } = context;
  const consent = await consentOf(name, sides, hooks.progress);
  const pinned = await workload.startPinnedSessions();
  try {
    const startedAt = performance.now();
    const outcome = await runner.run(name, { ...consent, ...sides.switchInput, ...inputOf(name, context) });
    performances.push({ outcome, startedAt });
    if (outcome.status === 'SUCCEEDED')
      faults.push(...(await pinned.leftConnected()).map((fault) => `After the switch to the ${to}: ${fault}`));
    await pinned.stop();
    return outcome;
  } catch (error) {
    if (hooks.signal?.aborted) pinned.abandon();
    throw error;
  }
}

/** About a second's worth of writes, at most a hundred. */
async function goesOnAt({ workload, sides, options, faults, hooks }: Performing, side: SideName): Promise<boolean> {
  const writes = Math.min(100, options.rate);
  hooks.progress.say(`The application writes to the ${side}; going on after ${writes} more of its writes`);
  if (await workload.untilWritten(placeOf(sides.application[side]), writes, hooks.signal)) return true;
  faults.push(`After the switch to the ${side}, the writers did not get ${writes} writes through within two minutes.`);
  return false;
}

const FAREWELL_MS = 60_000;

/** A writer that no server accepts would ask for ever for the outcome of its last write. */
async function stopWriters({ workload, faults }: Performing): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), FAREWELL_MS);
  });
  if ((await Promise.race([workload.stop(), late])) === 'late') {
    workload.abandon();
    faults.push('Some writers found no server within a minute that would tell them what became of their last write.');
  }
  clearTimeout(timer);
}

async function look(context: Performing): Promise<Examination> {
  const { sides, workload, subjects, secret, performances, hooks } = context;
  const serving = await secret.pointsAt();
  const switched = serving === 'target' || performances.some(({ outcome }) => outcome.status === 'SUCCEEDED');
  const leftOut = leftOutOf(context);
  return examine({
    sides,
    journal: workload.journal,
    subjects,
    serving,
    switched,
    leftOut,
    carried: sides.carried,
    progress: hooks.progress,
  });
}
