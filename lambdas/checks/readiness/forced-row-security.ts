/** FORCE ROW LEVEL SECURITY, which binds a table's owner as well: the target applies changes as the owner. */
import { protectedTables } from '../../postgres/rights.sql.ts';
import { rightsOn } from '../../postgres/rights.ts';
import { blocker } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';

export const forcedRowSecurity: ReadinessCheck = {
  name: 'row-level security that binds the owner',
  async find({ source, target, input }) {
    const forced = (await source.query(protectedTables(input))).filter((table) => table.forced);
    const { role, superuser, bypassesRowSecurity } = await rightsOn(target);
    return blocker({
      code: 'ForcedRowSecurityOnTarget',
      objects: superuser || bypassesRowSecurity ? [] : forced.map(({ object }) => object),
      message:
        `Changes are applied as the owner of a table, which on the target will be ${role}. It has no BYPASSRLS, and that attribute is not ` +
        'inherited: with FORCE ROW LEVEL SECURITY the stream would stop at the first change of such a table.',
      remedy:
        "Put PlanetScale's default role postgres, which has BYPASSRLS, into the target secret; or take the force from the tables for the time of " +
        'the migration; or exclude them.',
      statements: superuser || bypassesRowSecurity ? [] : forced.map(({ object }) => `alter table ${object} no force row level security;`),
    });
  },
};
