import { describe, expect, it } from 'vitest';
import { statement } from '../../../lambdas/postgres/quote.ts';
import { pinPrinting } from '../../../lambdas/postgres/session-pins.sql.ts';
import { canonical, sayTheSame } from '../../../lambdas/schema/canonical.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import { definitions, PRINTED } from '../../support/definitions.ts';
import { versions } from '../../support/versions.ts';
import { startWorld, type World } from '../../support/world.ts';

type Printed = ReadonlyMap<string, string | null>;

const printed = async (world: World, side: 'source' | 'target'): Promise<Printed> => {
  const ports = world.ports('Test');
  const rows = await ports.looking[side].snapshot(async (snapshot) => {
    await snapshot.query(pinPrinting(true, 60_000));
    return snapshot.query(statement<{ name: string; definition: string | null }>(PRINTED));
  });
  return new Map(rows.map(({ name, definition }) => [canonical(name), definition]));
};

/** What reads otherwise on the two, in the one form of either. */
const unequal = (one: Printed, other: Printed): unknown[] =>
  [...new Set([...one.keys(), ...other.keys()])].flatMap((name) => {
    const [here, there] = [one.get(name), other.get(name)];
    const same = typeof here === 'string' && typeof there === 'string' ? sayTheSame(here, there) : here === there;
    return same ? [] : [{ name, here: here && canonical(here), there: there && canonical(there) }];
  });

const literally = (one: Printed, other: Printed): string[] =>
  [...one].filter(([name, text]) => other.get(name) !== text).map(([name]) => name);

describe.each(versions<[ServerVersion, ServerVersion]>([11, 18], [15, 17], [18, 18]))(
  'definitions from %i to %i (#11)',
  (source, target) => {
    it('have one canonical form after a dump and restore, and where they are written by hand on both sides', async () => {
      const world = await startWorld({ source, target, schema: definitions(source) });
      try {
        await world.until('CopySchema');
        expect((await world.until('BuildIndexes')).evidence).toMatchObject({ failures: [] });
        const [here, there] = [await printed(world, 'source'), await printed(world, 'target')];
        expect(here.size).toBeGreaterThan(100);
        expect(literally(here, there)).not.toEqual([]);
        expect(unequal(here, there)).toEqual([]);
        const sibling = await world.sibling('by hand');
        await sibling.asTargetRole(definitions(source));
        expect(unequal(here, await printed(sibling, 'target'))).toEqual([]);
      } finally {
        await world.destroy();
      }
    });
  },
);

describe('the canonical form of a definition (#11)', () => {
  it.each([
    ['((a OR b) AND c)', '(a OR (b AND c))'],
    ['(a AND (b OR c))', '(a AND b OR c)'],
    ['((a)::integer > 1)', '((a)::bigint > 1)'],
    ['(system_user = CURRENT_USER)', '(SYSTEM_USER = CURRENT_USER)'],
    ['("Odd" = 1)', '(odd = 1)'],
    ["(name = 'a b')", "(name = 'a  b')"],
    ["(name = ANY (ARRAY['a'::text, 'b'::text]))", "(name = ANY (ARRAY['a'::text, 'c'::text]))"],
    ["((ARRAY['a'::character varying])::text[])", "((ARRAY['a'::character varying])::character(3)[])"],
    ["'0.1'::double precision", "'0.10000000000000002'::double precision"],
    ["'0.10'::text", "'0.1'::text"],
    ["('0.10'::numeric > a)", "('0.1'::numeric > a)"],
    ['f((a, b))', 'f(a, b)'],
    ['VALUES FROM (1) TO (2)', 'VALUES FROM (1) TO (3)'],
    ['((a - b) - c)', '(a - (b - c))'],
    [' SELECT t.a FROM s.t', ' SELECT u.a FROM s.t'],
    [' SELECT a.id FROM (a JOIN b ON ((a.id = b.id)))', ' SELECT b.id FROM (a JOIN b ON ((a.id = b.id)))'],
    ['CHECK (a) NOT VALID', 'CHECK (a)'],
  ])('differs for %s and %s', (one, other) => {
    expect(sayTheSame(one, other)).toBe(false);
  });

  it('is the same whether a version quotes an identifier or not', () => {
    expect(canonical('column public.widget."system_user"')).toBe(canonical('column public.widget.system_user'));
  });
});
