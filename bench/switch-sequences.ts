/**
 * Time that sequences add to a switch: read on one side and set exactly on the other, as happens under the fence.
 * `npm run bench:sequences -- --sequences 10000 --called 2 --source-version 15 --target-version 17`
 */
import { parseArgs } from 'node:util';
import { databasePort } from '../lambdas/adapters/postgres/database.ts';
import { prepareSequences, readPositions, setExactly } from '../lambdas/sequences/exact.ts';
import { startPair } from '../rehearsal/servers/pair.ts';
import { serverVersion } from './server-version.ts';

const ROUNDS = 5;
/** Sequences made in one transaction, each of which keeps a lock until its end. */
const MADE_AT_ONCE = 500;

const { values } = parseArgs({
  options: {
    sequences: { type: 'string', default: '10000' },
    called: { type: 'string', default: '2' },
    'source-version': { type: 'string', default: '15' },
    'target-version': { type: 'string', default: '17' },
  },
});
const count = Number(values.sequences);
if (!Number.isInteger(count) || count < 1) throw new Error(`--sequences must be a whole number above 0, not ${values.sequences}.`);

/** So many of every three were called; the others are like the ids of tables that are still empty. */
const some = (first: number, called: boolean): string => `do $$ begin
for n in ${first} .. ${Math.min(first + MADE_AT_ONCE, count) - 1} loop
  execute format('create sequence public.%I', 'Sequence ' || n);
  if ${called} and n % 3 < ${Number(values.called)} then perform setval(format('public.%I', 'Sequence ' || n), n + 1); end if;
end loop; end $$`;

const inclusive = { excludeSchemas: [], excludeTables: [] };
const sides = await startPair({
  source: serverVersion('source-version', values['source-version']),
  target: serverVersion('target-version', values['target-version']),
});
const { source, target } = await sides.createDatabase('shop');
const ports = [databasePort(source, 'bench'), databasePort(target, 'bench')] as const;
try {
  const [from, to] = await Promise.all(ports.map(({ acting }) => acting.session('sequences')));
  if (!from || !to) throw new Error('There is a session for each side.');
  for (let first = 0; first < count; first += MADE_AT_ONCE) {
    await Promise.all([from.script(some(first, true)), to.script(some(first, false))]);
  }
  console.log(`${count} sequences, PostgreSQL ${sides.source.version} to ${sides.target.version}; milliseconds`);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const start = performance.now();
    const plan = await prepareSequences(from, to, inclusive);
    const prepared = performance.now();
    const positions = await readPositions(from, plan);
    const read = performance.now();
    await setExactly(to, plan, positions);
    const set = performance.now();
    const parts = { 'before the fence': prepared - start, read: read - prepared, set: set - read, 'under the fence': set - prepared };
    console.log(
      Object.entries(parts)
        .map(([name, ms]) => `${name} ${ms.toFixed(0).padStart(5)}`)
        .join('   '),
    );
  }
} finally {
  await Promise.all(ports.map((port) => port.close()));
  sides.destroy();
}
