/**
 * Guide A, step 4, and guide W, step 3, with an explicit list, so that nothing unforeseen is published. A second run with other excludes
 * changes the list in place: a publication that is dropped takes the history of its slot with it.
 */
import { SchemaDrift } from '../config/errors.ts';
import type { TableName } from '../config/input.ts';
import { HEARTBEAT_TABLE, missingFrom } from '../config/tables.ts';
import type { Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import { publishedTables } from '../postgres/tables.sql.ts';
import { demandOurs } from '../replication/demand-ours.ts';
import {
  createPublication as create,
  lockPublication,
  type PublicationState,
  publicationState,
  publishEverything,
  publishUnderOwnName,
  publishWithoutGenerated,
  setPublishedTables,
} from '../replication/publications.sql.ts';
import { absentFrom, howToMake, inNumbers } from '../schema/new-tables.ts';
import { copyOn } from '../state/earlier-copy.ts';

/** Versions that brought the settings which we set back to their defaults. */
const PARTITION_ROOTS_SINCE = 13;
const GENERATED_COLUMNS_SINCE = 18;

type Needs = 'source' | 'target';

interface Seen {
  readonly wanted: readonly TableName[];
  readonly publication: PublicationState | undefined;
  /** Tables that the target lacks although its schema was copied, with what makes them. */
  readonly absent: readonly TableName[];
  readonly howToMake: string;
}

async function look({ source, target, input }: Looking<Needs>): Promise<Seen> {
  await demandOurs('source', source);
  const tables = await source.query(publishedTables(input));
  const wanted = [...tables.map(({ schema, table }) => ({ schema, table })), HEARTBEAT_TABLE];
  const [publication] = await source.query(publicationState());
  const absent = (await copyOn(target)) ? await absentFrom(target, wanted) : [];
  return { wanted, publication, absent, howToMake: absent.length > 0 ? await howToMake(source, target, absent) : '' };
}

/** A table that is published and that the target lacks stops the stream for all tables. @throws SchemaDrift before anything is touched */
function demandThere({ absent, howToMake: remedy, publication }: Seen): void {
  if (absent.length === 0) return;
  const already = absent.length - missingFrom(publication?.tables ?? [], absent).length;
  throw new SchemaDrift(
    `${inNumbers(absent)} came into being on the source since the schema was copied, and the target lacks ${absent.length === 1 ? 'it' : 'them'}. ` +
      'Publishing what the target lacks would stop the stream for every table, so nothing was changed, and the application is not affected. ' +
      (already > 0
        ? `${already} of them are published already: the stream stands still from the first change on, and goes on once they are there. `
        : '') +
      `${remedy} ${already > 0 ? '' : 'Or leave them behind with excludeTables. '}Then start Replicate again: it publishes and copies them.`,
  );
}

const differences = ({ wanted, publication }: Seen) => ({
  missing: missingFrom(publication?.tables ?? [], wanted),
  surplus: missingFrom(wanted, publication?.tables ?? []),
});

export const createPublication = defineStep({
  needs: ['source', 'target'],
  interrupted: 'The publication is changed in one transaction, which was rolled back: the source is as it was.',
  inspect: look,

  judge(seen) {
    demandThere(seen);
    const { missing, surplus } = differences(seen);
    return seen.publication?.plain && missing.length === 0 && surplus.length === 0 ? 'done' : 'todo';
  },

  async act(ctx) {
    const { source } = ctx;
    const version = await source.version();
    await source.transaction(async (session) => {
      await session.query(lockPublication());
      const seen = await look(ctx);
      demandThere(seen);
      const { wanted, publication } = seen;
      if (!publication) {
        await session.query(create(wanted));
        return;
      }
      await session.query(setPublishedTables(wanted));
      if (publication.plain) return;
      await session.query(publishEverything());
      if (version >= PARTITION_ROOTS_SINCE) await session.query(publishUnderOwnName());
      if (version >= GENERATED_COLUMNS_SINCE) await session.query(publishWithoutGenerated());
    });
  },

  evidence(seen) {
    const { missing, surplus } = differences(seen);
    return { published: seen.publication?.tables.length ?? 0, missing: missing.length, surplus: surplus.length };
  },
});
