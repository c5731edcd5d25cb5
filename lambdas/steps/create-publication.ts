/**
 * Guide A, step 4, and guide W, step 3, with an explicit list, so that nothing unforeseen is published. A second run with other excludes
 * changes the list in place: a publication that is dropped takes the history of its slot with it.
 */
import type { Looking } from '../contract.ts';
import { COPY_KEYS, type TableName } from '../input.ts';
import { demandOurs } from '../replication/demand-ours.ts';
import { HEARTBEAT_TABLE, missingFrom } from '../replication/tables.ts';
import {
  createPublication as create,
  lockPublication,
  type PublicationState,
  publicationState,
  publishEverything,
  publishUnderOwnName,
  publishWithoutGenerated,
  setPublishedTables,
} from '../sql/publications.ts';
import { publishedTables } from '../sql/tables.ts';
import { defineStep } from '../step.ts';

/** Versions that brought the settings which we set back to their defaults. */
const PARTITION_ROOTS_SINCE = 13;
const GENERATED_COLUMNS_SINCE = 18;

interface Seen {
  readonly wanted: readonly TableName[];
  readonly publication: PublicationState | undefined;
}

async function look({ source, input }: Looking<'source'>): Promise<Seen> {
  await demandOurs('source', source);
  const tables = await source.query(publishedTables(input));
  const [publication] = await source.query(publicationState());
  return { wanted: [...tables.map(({ schema, table }) => ({ schema, table })), HEARTBEAT_TABLE], publication };
}

const differences = ({ wanted, publication }: Seen) => ({
  missing: missingFrom(publication?.tables ?? [], wanted),
  surplus: missingFrom(wanted, publication?.tables ?? []),
});

export const createPublication = defineStep({
  needs: ['source'],
  understands: COPY_KEYS,
  inspect: look,

  judge(seen) {
    const { missing, surplus } = differences(seen);
    return seen.publication?.plain && missing.length === 0 && surplus.length === 0 ? 'done' : 'todo';
  },

  async act(ctx) {
    const { source } = ctx;
    const version = await source.version();
    await source.transaction(async (session) => {
      await session.query(lockPublication());
      const { wanted, publication } = await look(ctx);
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
