/** Whether the tables of the database, of the publication and of the subscription are the same. */
import { CUTOVER } from '../../config/direction.ts';
import type { TableName } from '../../config/input.ts';
import { HEARTBEAT_TABLE, missingFrom } from '../../config/tables.ts';
import { qualified } from '../../postgres/quote.ts';
import { publishedTables } from '../../postgres/tables.sql.ts';
import { publicationIsPlain } from '../../replication/publications.sql.ts';
import { absentFrom, howToMake, inNumbers } from '../../schema/new-tables.ts';
import { blocker, type Finding } from '../finding.ts';
import type { SwitchCheck, SwitchCheckContext } from './context.ts';

const namesOf = (tables: readonly TableName[]): string[] => tables.map(({ schema, table }) => qualified(schema, table)).sort();

/** For a rollback only tables that both sides have: tables that were on the target before the migration are not part of it. */
async function wantedTables({ direction, from, to, exclusions }: SwitchCheckContext): Promise<TableName[]> {
  const here: readonly TableName[] = await from.reader.query(publishedTables(exclusions));
  if (direction === CUTOVER) return [...here, HEARTBEAT_TABLE];
  const there = await to.reader.query(publishedTables(exclusions));
  const only = missingFrom(there, here);
  return [...missingFrom(only, here), HEARTBEAT_TABLE];
}

export const tables: SwitchCheck = {
  name: 'tables, published tables and subscribed tables',
  async find(ctx) {
    const { from, to, history } = ctx;
    if (!history.publication || !history.subscription) return []; // reported by a check of its own
    const [wanted, published, subscribed] = [await wantedTables(ctx), history.publication.tables, history.tables];
    const again = ctx.direction === CUTOVER ? 'Start Replicate, which takes them in' : 'Go over again once they are equal';
    const unpublished = missingFrom(published, wanted);
    const absent = await absentFrom(to.reader, unpublished);
    const findings: Finding[] = [
      ...blocker({
        code: 'TableNotPublished',
        objects: namesOf(unpublished),
        message: `These tables are on the ${from.name}, but no change to them is sent: their rows would stay behind.`,
        remedy: `${absent.length > 0 ? `The ${to.name} lacks ${inNumbers(absent)}. ${await howToMake(from.reader, to.reader, absent)} Then: ` : ''}${again}, or name them in "excludeTables" if their rows may stay behind, then start again.`,
      }),
      ...blocker({
        code: 'TableNoLongerWanted',
        objects: namesOf(missingFrom(wanted, published)),
        message: 'These tables are published, but the input leaves them out, or they are no ordinary tables any more.',
        remedy: 'Start again with the same exclusions that Replicate had, or start Replicate with the new ones first.',
      }),
      ...blocker({
        code: 'TableNotSubscribed',
        objects: namesOf(missingFrom(subscribed, published)),
        message: `These tables are published, but the subscription on the ${to.name} does not know them, and passes their changes over.`,
        remedy: `${again}, then start again.`,
      }),
      ...blocker({
        code: 'TableOnlySubscribed',
        objects: namesOf(missingFrom(published, subscribed)),
        message: `The subscription on the ${to.name} knows these tables, but the ${from.name} no longer sends their changes.`,
        remedy: 'Find out who took them from the publication: what was written since is missing. Cleanup, then begin anew.',
      }),
      ...blocker({
        code: 'TableNotReady',
        objects: subscribed
          .filter(({ state }) => state !== 'r')
          .map((table) => `${qualified(table.schema, table.table)} (${STATES[table.state]})`)
          .sort(),
        message: `These tables are not in step on the ${to.name} yet.`,
        remedy: 'Start Replicate and let it finish.',
      }),
    ];
    return findings;
  },
};

/** pg_subscription_rel.srsubstate in words. */
const STATES = { i: 'copy not begun', d: 'being copied', f: 'copied', s: 'catching up', r: 'ready' } as const;

export const publication: SwitchCheck = {
  name: 'the publication',
  async find({ from, history }) {
    if (!history.publication) return [];
    const [found] = await from.reader.query(publicationIsPlain());
    return blocker({
      code: 'PublicationNarrowed',
      objects: found?.plain ? [] : [from.name],
      message: 'The publication was changed: it no longer sends every change of every row and column of its tables.',
      remedy: 'What was held back is missing on the other side. Cleanup, then begin anew with Replicate.',
    });
  },
};
