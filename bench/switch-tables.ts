/**
 * Whether a switch takes longer the more tables there are: the same switches with few and with many, in one run.
 * `npm run bench:tables -- --few 20 --many 2000 --switches 10`
 */
import { parseArgs } from 'node:util';
import pg from 'pg';
import { clientConfig } from '../lambdas/adapters/connection-settings.ts';
import { noApplication } from '../lambdas/application.ts';
import type { Json } from '../lambdas/contract.ts';
import type { MachineName } from '../lib/machines.ts';
import { startExecution } from '../lib/rehearsal/machines/execution.ts';
import { ExecutionRegistry } from '../lib/rehearsal/machines/registry.ts';
import { synthesizeMachines } from '../lib/rehearsal/machines/synthesize.ts';
import { placesOf } from '../lib/rehearsal/places.ts';
import { openSides } from '../lib/rehearsal/sides.ts';

const { values } = parseArgs({
  options: {
    few: { type: 'string', default: '20' },
    many: { type: 'string', default: '2000' },
    switches: { type: 'string', default: '10' },
  },
});
const machines = synthesizeMachines();
const PACE = { budgetMs: 600_000, pollMs: 250, retryMs: 500 };

/** Milliseconds of each switch, over and back, of a database with this many tables, each with a key and an index; what sequences take is `bench:sequences`. */
async function downtimes(tables: number, switches: number): Promise<number[]> {
  const sides = await openSides({ source: { kind: 'embedded', version: 15 }, target: { kind: 'embedded', version: 18 } });
  try {
    const client = new pg.Client(clientConfig(sides.source, 'benchmark'));
    await client.connect();
    await client.query(
      Array.from({ length: tables }, (_, n) => `create table t${n} (id bigint primary key, v text); create index on t${n} (v)`).join(';'),
    );
    await client.query(`insert into t0 select n, 'row ' || n from generate_series(1, 1000) as n`);
    await client.end();
    const places = placesOf(sides, noApplication);
    const registry = new ExecutionRegistry();
    const run = async (name: MachineName, number: number, tries = 20): Promise<{ readonly downtimeMs: number } | undefined> => {
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
      const { failure, evidence } = await execution.ended;
      // The worker of the stream back begins within five seconds (wal_retrieve_retry_interval).
      if (failure?.cause.includes('StreamNotRunning') && tries > 0) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        return run(name, number, tries - 1);
      }
      if (failure) throw new Error(`${name} failed: ${failure.error}: ${failure.cause}`);
      return (evidence.SwitchOver ?? evidence.SwitchBack) as { readonly downtimeMs: number } | undefined;
    };
    await run('Replicate', 0);
    const found: number[] = [];
    for (let number = 1; number <= switches; number += 1) {
      const switched = await run(number % 2 === 1 ? 'Cutover' : 'Rollback', number);
      if (switched) found.push(switched.downtimeMs);
    }
    return found;
  } finally {
    sides.destroy();
  }
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

const medians: number[] = [];
for (const tables of [Number(values.few), Number(values.many)]) {
  const found = await downtimes(tables, Number(values.switches));
  medians.push(median(found));
  console.log(`${String(tables).padStart(6)} tables: median ${median(found).toFixed(1)} ms, worst ${Math.max(...found).toFixed(1)} ms`);
}
console.log(`many take ${((medians[1] ?? Number.NaN) / (medians[0] ?? Number.NaN)).toFixed(2)} times as long as few`);
