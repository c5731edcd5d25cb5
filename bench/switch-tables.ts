/**
 * Cost of many tables, nearly all of them empty: the copy and the comparison of each, and whether a switch takes longer the more there are.
 * `npm run bench:tables -- --tables 20,500,2000,5000 --switches 8 [--sequences]`
 *
 * Every figure is printed beside the one with the fewest tables, of the same run: other work of the machine slows down both.
 */
import { parseArgs } from 'node:util';
import pg from 'pg';
import { clientConfig } from '../lambdas/adapters/postgres/client-config.ts';
import type { Json } from '../lambdas/config/json.ts';
import type { MachineName } from '../lambdas/engine/machines.ts';
import { noApplication } from '../lambdas/ports/application.ts';
import { bindingsOf } from '../rehearsal/bindings.ts';
import { type Outcome, startExecution } from '../rehearsal/machines/execution.ts';
import { ExecutionRegistry } from '../rehearsal/machines/registry.ts';
import { synthesizeMachines } from '../rehearsal/machines/synthesize.ts';
import { openSides } from '../rehearsal/sides.ts';

const { values } = parseArgs({
  options: {
    tables: { type: 'string', default: '20,500,2000,5000' },
    switches: { type: 'string', default: '8' },
    sequences: { type: 'boolean', default: false },
    'source-version': { type: 'string', default: '15' },
    'target-version': { type: 'string', default: '18' },
  },
});
const machines = synthesizeMachines();
const PACE = { budgetMs: 600_000, pollMs: 250, retryMs: 500 };
/** Tables made in one transaction, each of which keeps a handful of locks until its end. */
const MADE_AT_ONCE = 200;

interface Switched {
  readonly downtimeMs: number;
  readonly parts: readonly { readonly name: string; readonly ms: number }[];
  readonly roundTrips: { readonly inSequence: number };
}

interface Found {
  readonly tables: number;
  /** Seconds of each state of Replicate. */
  readonly seconds: ReadonlyMap<string, number>;
  readonly switches: readonly Switched[];
}

/** A table with a key and an index, and where asked for a sequence; every tenth sequence is at work. */
const table = (n: number): string =>
  values.sequences
    ? `create table t${n} (id bigserial primary key, v text); create index on t${n} (v);${n % 10 === 0 ? ` select setval('t${n}_id_seq', ${n + 1000});` : ''}`
    : `create table t${n} (id bigint primary key, v text); create index on t${n} (v);`;

async function migrate(tables: number, switches: number): Promise<Found> {
  const sides = await openSides(
    {
      source: { kind: 'embedded', version: Number(values['source-version']) as 15 },
      target: { kind: 'embedded', version: Number(values['target-version']) as 18 },
    },
    { parameters: { max_locks_per_transaction: 512 } }, // as Preflight asks for with so many
  );
  try {
    const client = new pg.Client(clientConfig(sides.source, 'benchmark'));
    await client.connect();
    for (let from = 0; from < tables; from += MADE_AT_ONCE) {
      await client.query(Array.from({ length: Math.min(MADE_AT_ONCE, tables - from) }, (_, n) => table(from + n)).join('\n'));
    }
    await client.query(`insert into t0 select n, 'row ' || n from generate_series(1, 1000) as n`);
    await client.end();
    const places = bindingsOf(sides, noApplication);
    const registry = new ExecutionRegistry();
    const run = async (name: MachineName, number: number, tries = 20): Promise<Outcome> => {
      const input: Record<string, Json> = name === 'Replicate' ? { reboot: 'now', maxLagMilliseconds: 60_000 } : {};
      if (name === 'Cutover') input.reverse = true; // the edge offers no channel binding
      const execution = startExecution({
        machine: machines[name],
        name: `${name}-${number}-${tries}`,
        input,
        registry,
        places,
        pace: PACE,
      });
      const outcome = await execution.ended;
      const { failure } = outcome;
      // The worker of the stream back begins within five seconds (wal_retrieve_retry_interval).
      if (failure?.cause.includes('StreamNotRunning') && tries > 0) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        return run(name, number, tries - 1);
      }
      if (failure) throw new Error(`${name} failed: ${failure.error}: ${failure.cause}`);
      return outcome;
    };
    const { states } = await run('Replicate', 0);
    const found: Switched[] = [];
    for (let number = 1; number <= switches; number += 1) {
      const { evidence } = await run(number % 2 === 1 ? 'Cutover' : 'Rollback', number);
      found.push((evidence.SwitchOver ?? evidence.SwitchBack) as unknown as Switched);
    }
    return { tables, seconds: new Map(states.map((state) => [state.name, state.seconds])), switches: found };
  } finally {
    sides.destroy();
  }
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
const downtime = ({ switches }: Found): number => median(switches.map(({ downtimeMs }) => downtimeMs));

function tell(found: Found, fewest: Found): void {
  const { tables, seconds, switches } = found;
  console.log(`\n${tables} tables${values.sequences ? ', a sequence each' : ''}`);
  console.log(`  Replicate, seconds: ${[...seconds].map(([name, s]) => `${name} ${s.toFixed(1)}`).join(', ')}`);
  if (tables > fewest.tables) {
    for (const name of ['AwaitCopy', 'CompareData']) {
      const more = (seconds.get(name) ?? 0) - (fewest.seconds.get(name) ?? 0);
      console.log(`  ${name}: ${((1000 * more) / (tables - fewest.tables)).toFixed(2)} ms for each table more`);
    }
  }
  const parts = new Set(switches.flatMap((one) => one.parts.map(({ name }) => name)));
  const part = (name: string) => median(switches.flatMap((one) => one.parts.filter((of) => of.name === name).map(({ ms }) => ms)));
  console.log(
    `  fence: median ${downtime(found).toFixed(1)} ms, worst ${Math.max(...switches.map(({ downtimeMs }) => downtimeMs)).toFixed(1)} ms ` +
      `(${[...parts].map((name) => `${name} ${part(name).toFixed(1)}`).join(', ')}), ` +
      `${Math.max(...switches.map(({ roundTrips }) => roundTrips.inSequence))} round trips one after another; ` +
      `${(downtime(found) / downtime(fewest)).toFixed(2)} times that of ${fewest.tables} tables`,
  );
}

let fewest: Found | undefined;
for (const tables of values.tables.split(',').map(Number)) {
  const found = await migrate(tables, Number(values.switches));
  fewest ??= found;
  tell(found, fewest);
}
