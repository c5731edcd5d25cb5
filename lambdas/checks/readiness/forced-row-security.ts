/** FORCE ROW LEVEL SECURITY, which binds a table's owner as well, and with it the workers that apply changes as the owner. */
import { protectedTables } from '../../postgres/rights.sql.ts';
import { warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';

export const forcedRowSecurity: ReadinessCheck = {
  name: 'row-level security that binds the owner',
  async find({ source, input }) {
    const forced = (await source.query(protectedTables(input))).filter((table) => table.forced);
    return warning({
      code: 'ForcedRowSecurityHeld',
      objects: forced.map(({ object }) => object),
      message:
        'Changes are applied as the owner of a table, whom FORCE ROW LEVEL SECURITY would stop. So the side that subscribes is without it: the target until ' +
        'the switch, a source from version 15 on after it. The side that serves has it, from the transaction on that opens it.',
      remedy: 'Nothing, unless sessions log in to the target as the owners before the switch: until then they see every row there.',
    });
  },
};
