/** Whatever CREATE SEQUENCE accepts, wherever it stands: after an exact copy the other side goes on as this side would have. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identifier, literal, qualified } from '../../../lambdas/postgres/quote.ts';
import { prepareSequences, readPositions, setExactly } from '../../../lambdas/sequences/exact.ts';
import { startWorld, type World } from '../../support/world.ts';

const TYPES = { smallint: 2n ** 15n, integer: 2n ** 31n, bigint: 2n ** 63n } as const;
const SCHEMA = 'Any "sequence"';
const SEQUENCES_A_RUN = 60;
const RUNS = 12;
/** More numbers than many of them have. */
const DRAWN_AFTERWARDS = 12;

/** What has become of a sequence before it is copied. */
const histories = fc.record({
  draws: fc.integer({ min: 0, max: 25 }),
  set: fc.option(fc.record({ along: fc.integer({ min: 0, max: 1000 }), called: fc.boolean() })),
  restarted: fc.boolean(),
});

const cases = fc
  .record({
    name: fc.string({ unit: 'binary', maxLength: 12 }).map((name) => name.replaceAll('\0', '')),
    type: fc.constantFrom('smallint' as const, 'integer' as const, 'bigint' as const),
    low: fc.bigInt(-1000n, 1000n),
    width: fc.oneof(fc.bigInt(1n, 40n), fc.bigInt(1n, 30_000n)),
    edge: fc.constantFrom('lowest', 'middle', 'highest', 'whole'),
    step: fc.oneof({ weight: 4, arbitrary: fc.bigInt(1n, 90n) }, fc.bigInt(1n, 2n ** 63n - 1n)),
    upwards: fc.boolean(),
    start: fc.integer({ min: 0, max: 1000 }),
    cycles: fc.boolean(),
    cache: fc.constantFrom(1, 1, 7),
    history: histories,
  })
  .map(({ type, low, width, edge, step, upwards, start, ...rest }) => {
    const limit = TYPES[type];
    const minimum = edge === 'lowest' || edge === 'whole' ? -limit : edge === 'highest' ? limit - 1n - width : low;
    const maximum = edge === 'whole' ? limit - 1n : minimum + width;
    const at = (along: number) => minimum + ((maximum - minimum) * BigInt(along)) / 1000n;
    // A step that leads past the type is refused by some versions when the sequence is made.
    const increment = (upwards ? 1n : -1n) * (step < limit ? step : limit - 1n);
    return { ...rest, type, minimum, maximum, increment, start: at(start), at };
  });
type Case = typeof cases extends fc.Arbitrary<infer Value> ? Value : never;

const nameOf = ({ name }: Case, n: number): string => qualified(SCHEMA, `${n} ${name}`);
const definition = (one: Case, n: number): string =>
  `create sequence ${nameOf(one, n)} as ${one.type} increment ${one.increment} minvalue ${one.minimum} maxvalue ${one.maximum}
start ${one.start} cache ${one.cache} ${one.cycles ? 'cycle' : 'no cycle'}`;

function historyOf(one: Case, n: number): string {
  const name = literal(nameOf(one, n));
  const { draws, set, restarted } = one.history;
  return [
    ...(set ? [`select setval(${name}, ${one.at(set.along)}, ${set.called})`] : []),
    `select draw(${name}, ${draws})`,
    ...(restarted ? [`alter sequence ${nameOf(one, n)} restart`] : []),
  ].join('; ');
}

/** As many numbers as there are, at most `wanted`, and the error that ends them. */
const DRAW = `
create function draw(name regclass, wanted int) returns text[] language plpgsql as $$
declare drawn text[] := '{}';
begin
  for i in 1 .. wanted loop drawn := drawn || nextval(name)::text; end loop;
  return drawn;
exception when others then return drawn || sqlstate;
end $$`;

describe('the exact copy of any sequence', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 11, target: 18, schema: DRAW, targetSchema: DRAW });
  });
  afterAll(() => world?.destroy());

  it('hands out the same numbers as the original, and ends where it would have ended', async () => {
    const { acting } = world.ports('SwitchOver');
    const [from, to] = await Promise.all([acting.source.session('sequences'), acting.target.session('sequences')]);
    const seen = { ended: 0, cycled: 0, untouched: 0, compared: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(cases, { minLength: SEQUENCES_A_RUN / 2, maxLength: SEQUENCES_A_RUN }), async (some) => {
        const made = [`drop schema if exists ${identifier(SCHEMA)} cascade; create schema ${identifier(SCHEMA)}`, ...some.map(definition)];
        await Promise.all([world.asSourceRole([...made, ...some.map(historyOf)].join('; ')), world.asTargetRole(made.join('; '))]);

        const plan = await prepareSequences(from, to, { excludeSchemas: [], excludeTables: [] });
        const positions = await readPositions(from, plan);
        await setExactly(to, plan, positions);
        expect(plan.count).toBe(some.length);
        expect(await readPositions(to, plan)).toEqual(positions);

        const draws = some.map((one, n) => `draw(${literal(nameOf(one, n))}, ${DRAWN_AFTERWARDS})`);
        const text = `select to_jsonb(array[${draws.map((draw) => `array_to_string(${draw}, ' ')`).join(', ')}]) as drawn`;
        const [[source], [target]] = await Promise.all([world.asSourceRole(text), world.asTargetRole(text)]);
        expect(target).toEqual(source);

        const drawn = source?.drawn as string[];
        seen.compared += drawn.length;
        seen.ended += drawn.filter((numbers) => numbers.endsWith('2200H')).length;
        seen.cycled += some.filter(({ cycles }, n) => cycles && new Set(drawn[n]?.split(' ')).size < DRAWN_AFTERWARDS).length;
        seen.untouched += positions.filter(({ called }) => !called).length;
      }),
      { numRuns: RUNS },
    );
    // Otherwise the cases were not the ones that matter.
    expect(Math.min(seen.ended, seen.cycled, seen.untouched)).toBeGreaterThan(20);
    expect(seen.compared).toBeGreaterThan(300);
  });
});
