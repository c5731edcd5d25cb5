/** The arithmetic of {@link aheadOf} against two real sequences: what the target hands out next, the source has not and will not soon. */
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import { aheadOf, isAtLeast, isOutside, type Position, type Track } from '../../../lambdas/sequences/position.ts';
import { Server } from '../../../rehearsal/servers/server.ts';

const TYPES = { smallint: 2n ** 15n, integer: 2n ** 31n, bigint: 2n ** 63n } as const;

/** Any sequence that CREATE SEQUENCE accepts, where it stands, and a margin; half of them near a bound. */
const cases = fc
  .record({
    type: fc.constantFrom('smallint' as const, 'integer' as const, 'bigint' as const),
    ends: fc.tuple(fc.bigInt(-1000n, 1000n), fc.bigInt(1n, 400n)),
    edge: fc.constantFrom('lowest', 'middle', 'highest'),
    step: fc.bigInt(1n, 90n),
    upwards: fc.boolean(),
    cycles: fc.boolean(),
    called: fc.boolean(),
    along: fc.integer({ min: 0, max: 1000 }),
    margin: fc.integer({ min: 0, max: 30 }),
  })
  .map(({ type, ends: [low, width], edge, step, upwards, along, ...rest }) => {
    const limit = TYPES[type];
    const minimum = edge === 'lowest' ? -limit : edge === 'highest' ? limit - 1n - width : low;
    const maximum = minimum + width;
    const last = minimum + (width * BigInt(along)) / 1000n;
    return { type, minimum, maximum, last, increment: upwards ? step : -step, ...rest };
  });

describe('aheadOf, on a real server', () => {
  let server: Server;
  let client: pg.Client;
  beforeAll(async () => {
    server = await Server.start({ version: 15 });
    client = new pg.Client(clientConfig(server.superuser(), 'test'));
    await client.connect();
    // As many numbers as the sequence still has, at most `wanted`.
    await client.query(`
create function draw(name regclass, wanted int) returns text[] language plpgsql as $$
declare drawn text[] := '{}';
begin
  for i in 1 .. wanted loop drawn := drawn || nextval(name)::text; end loop;
  return drawn;
exception when sequence_generator_limit_exceeded then return drawn;
end $$`);
  });
  afterAll(async () => {
    await client?.end();
    server?.destroy();
  });

  const draw = async (name: string, wanted: number): Promise<bigint[]> =>
    (await client.query('select draw($1::regclass, $2::int) as drawn', [name, wanted])).rows[0].drawn.map(BigInt);
  const positionOf = async (name: string): Promise<Position> => {
    const { last, called } = (await client.query(`select last_value::text as last, is_called as called from ${name}`)).rows[0];
    return { last: BigInt(last), called };
  };

  it('never meets a number of the source within the margin, and fails only where the source fails too', async () => {
    let clampedCases = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ type, minimum, maximum, last, increment, cycles, called, margin }) => {
        const definition = `as ${type} increment ${increment} minvalue ${minimum} maxvalue ${maximum} ${cycles ? 'cycle' : 'no cycle'}`;
        await client.query(`drop sequence if exists source_one; drop sequence if exists target_one;
create sequence source_one ${definition}; create sequence target_one ${definition}; select setval('source_one', ${last}, ${called})`);
        const track: Track = { increment, minimum, maximum };
        const before = await positionOf('source_one');
        const ahead = aheadOf(before, track, BigInt(margin));

        expect(isOutside(ahead, track)).toBe(false);
        expect(isAtLeast(ahead, before, track)).toBe(true);
        if (margin === 0) expect(ahead).toEqual(before);
        await client.query(`select setval('target_one', ${ahead.last}, ${ahead.called})`);
        expect(await positionOf('target_one')).toEqual(ahead);

        const fromSource = await draw('source_one', margin + 1);
        const [fromTarget] = await draw('target_one', 1);
        const room = increment > 0n ? maximum - before.last : before.last - minimum;
        const left = room / (increment > 0n ? increment : -increment) + (called ? 0n : 1n);
        if (left > BigInt(margin)) {
          // The source's own next `margin` numbers are not the target's, and what comes after them is where the target begins.
          expect(fromTarget).toBe(fromSource[margin]);
          expect(fromSource.slice(0, margin)).not.toContain(fromTarget);
        } else {
          clampedCases += 1;
          // Nothing is left beyond the margin: the source itself gives up within it, or begins a new cycle, and so does the target.
          if (cycles) expect(fromTarget).toBe(increment > 0n ? minimum : maximum);
          else expect({ fromTarget, sourceEnds: fromSource.length <= margin }).toEqual({ fromTarget: undefined, sourceEnds: true });
        }
      }),
      { numRuns: 300 },
    );
    expect(clampedCases).toBeGreaterThan(20);
  });
});

describe('isAtLeast', () => {
  it('follows the sign of the increment, and ranks a called position above an uncalled one', () => {
    const at = (last: bigint, called = true) => ({ last, called });
    expect(isAtLeast(at(5n), at(4n), { increment: 1n })).toBe(true);
    expect(isAtLeast(at(5n), at(4n), { increment: -1n })).toBe(false);
    expect(isAtLeast(at(-5n), at(-4n), { increment: -3n })).toBe(true);
    expect(isAtLeast(at(5n, false), at(5n), { increment: 1n })).toBe(false);
    expect(isAtLeast(at(5n), at(5n, false), { increment: 1n })).toBe(true);
    expect(isAtLeast(at(5n, false), at(5n, false), { increment: -1n })).toBe(true);
  });
});
