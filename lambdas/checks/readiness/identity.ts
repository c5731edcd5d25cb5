/** Tables without a usable replica identity: publishing them makes the application's own UPDATE and DELETE fail. */
import {
  choiceOf,
  clauseOf,
  isAccepted,
  isForbidden,
  isGenerated,
  isIncomparable,
  isWanting,
  newestPublisher,
  settingOf,
} from '../../replication/identity/choice.ts';
import { type IdentityFacts, identities, serverVersionNumber } from '../../replication/identity/identity.sql.ts';
import { remediesFor } from '../../replication/identity/remedies.ts';
import { blocker, type Finding, warning } from '../finding.ts';
import { onTargetIfKnown } from '../known.ts';
import type { CheckContext, ReadinessCheck } from './context.ts';

const REMEDY =
  'Give each a replica identity on the source, or exclude it. The statements below do it with what is there, run in this order by the ' +
  'owner of each table; each takes a short exclusive lock, and one that adds a column rewrites the table.';

/** The remedy that the migration can carry out itself, with consent. */
const CONSENT =
  'Or start with {"replicaIdentity": "full"}: then Replicate itself sets the primary key, a unique index or FULL, whichever comes first, on';

const remedyFor = (tables: readonly IdentityFacts[], consented: boolean): string => {
  const settable = consented ? 0 : tables.filter((table) => choiceOf(table)).length;
  if (settable === 0) return REMEDY;
  return `${REMEDY} ${CONSENT} ${settable === tables.length ? 'all of them' : `${settable} of them`}, and Cleanup puts back what was there.`;
};

/** Blockers, with what the operator can do about them. */
function blockers(tables: readonly IdentityFacts[], consented: boolean): Finding[] {
  const unusable = tables.filter((table) => !isAccepted(table));
  const deferrable = unusable.filter(({ identity, primaryKeyCounts }) => identity === 'd' && primaryKeyCounts === false);
  const without = unusable.filter((table) => !deferrable.includes(table));
  const unidentified = (code: string, found: readonly IdentityFacts[], objects: readonly string[], message: string): readonly Finding[] =>
    blocker({ code, objects, message, remedy: remedyFor(found, consented), statements: remediesFor(found) });
  const named = (found: readonly IdentityFacts[]): string[] => found.map(({ object }) => object);
  const [generated, incomparable] = [tables.filter(isGenerated), tables.filter(isIncomparable)];
  const forbidden = tables.filter((table) => isForbidden(table) && !incomparable.includes(table));
  const evenSo = consented
    ? ' FULL would not find their rows either: some of their columns have types without an equality operator, or ' +
      'are generated, which version 18 does not publish under FULL.'
    : '';
  return [
    ...unidentified(
      'NoReplicaIdentity',
      without,
      named(without),
      `These tables have no usable replica identity, so publishing them would make UPDATE and DELETE of the application fail.${evenSo}`,
    ),
    ...unidentified(
      'DeferrablePrimaryKey',
      deferrable,
      named(deferrable),
      `The primary keys of these tables are DEFERRABLE and so cannot identify rows: publishing them would make UPDATE and DELETE fail.${evenSo}`,
    ),
    ...unidentified(
      'GeneratedReplicaIdentity',
      generated,
      generated.map(({ object, generatedKey }) => `${object} (${generatedKey.join(', ')})`),
      `The replica identity of these tables holds a generated column, which is not published, so rows cannot be found.${evenSo}`,
    ),
    ...unidentified(
      'FullIdentityCannotCompare',
      incomparable,
      incomparable.map(({ object, incomparable: columns }) => `${object} (${columns.join(', ')})`),
      'REPLICA IDENTITY FULL finds a row by comparing all its columns, and these columns have types without an equality operator, ' +
        'such as json, xml or point.',
    ),
    ...unidentified(
      'FullIdentityHoldsGenerated',
      forbidden,
      named(forbidden),
      'Under REPLICA IDENTITY FULL version 18 refuses UPDATE and DELETE of a published table with a generated column, here or, once a stream ' +
        'leads back, on the target.',
    ),
  ];
}

/** With consent: what the migration will set, and what the owner of the table has to set. */
function consented(settable: readonly IdentityFacts[]): Finding[] {
  const clause = (table: IdentityFacts): string => {
    const choice = choiceOf(table);
    return choice ? clauseOf(choice) : '';
  };
  const [ours, ofOthers] = [settable.filter(({ mayAlter }) => mayAlter), settable.filter(({ mayAlter }) => !mayAlter)];
  return [
    ...warning({
      code: 'ReplicaIdentityToBeSet',
      objects: ours.map((table) => `${table.object} (${clause(table)})`),
      message:
        'Replicate will set these replica identities on the source before it publishes the tables, and Cleanup puts back what was there. ' +
        'Each takes an exclusive lock for a moment, gives up after a second in which it is not granted, and is tried again. Under FULL every ' +
        'UPDATE and DELETE writes the whole old row to the WAL, what is stored out of line included.',
      remedy: 'Nothing, if the source bears that much more WAL until Cleanup; otherwise give large tables a primary key first.',
    }),
    ...blocker({
      code: 'ReplicaIdentityOfAnotherOwner',
      objects: ofOthers.map(({ object, owner }) => `${object} (owner ${owner})`),
      message: 'Only its owner may alter a table, so Replicate cannot set the replica identity of these.',
      remedy: 'Have each owner run its statement below, make our role a member of the owners, or exclude the tables.',
      statements: ofOthers.flatMap((table) => {
        const choice = choiceOf(table);
        return choice ? [settingOf(table, choice)] : [];
      }),
    }),
  ];
}

const SUBSCRIBER_FINDS_BY_INDEX = 16;

/** Warnings about the cost of FULL when changes are applied. @param full tables that are FULL, or will be */
function costsOfFull({ input, sourceVersion }: CheckContext, full: readonly IdentityFacts[]): Finding[] {
  const scanned = full.filter((table) => !table.findsByIndex);
  // Before version 16 a subscriber knows the primary key, and no other index.
  const scannedBack = full.filter(({ primaryKeyCounts }) => primaryKeyCounts !== true);
  return [
    ...warning({
      code: 'FullReplicaIdentity',
      objects: full.map(({ object }) => object),
      message:
        'REPLICA IDENTITY FULL: the target finds a row of each UPDATE and DELETE by a btree index that is not partial and begins with a ' +
        'column, once BuildIndexes has built it, and reads the whole table where there is none' +
        `${scanned.length === 0 ? '.' : scanned.length === full.length ? ', as in all of these.' : `, as in ${scanned.map(({ object }) => object).join(', ')}.`}`,
      remedy: 'Add a primary key if these tables are large and change often.',
    }),
    ...(sourceVersion < SUBSCRIBER_FINDS_BY_INDEX && input.reverse !== false
      ? warning({
          code: 'StreamBackReadsWholeTables',
          objects: scannedBack.map(({ object }) => object),
          message:
            `The stream back, after a switch, is applied by the source, whose version ${sourceVersion} reads the whole table for each row that ` +
            'is updated or deleted under REPLICA IDENTITY FULL, whatever indexes it has: only version 16 and newer look a row up.',
          remedy:
            'Give tables that are large and change often a primary key or a unique index on columns that are NOT NULL, or switch with ' +
            '{"reverse": false}, without a way back.',
        })
      : []),
  ];
}

/**
 * Minor versions from which a subscriber passes over columns that are not sent when it compares whole rows, by major version; 16 always did.
 * "Ignore dropped columns and generated columns during logical replication of an update or delete action":
 * https://www.postgresql.org/docs/release/15.3/, and the releases of the same day.
 */
const PASSES_OVER_SINCE: Readonly<Record<number, number>> = { 11: 20, 12: 15, 13: 11, 14: 8, 15: 3 };

/** @param version as in server_version_num */
export function comparesUnsentColumns(version: number): boolean {
  const since = PASSES_OVER_SINCE[Math.floor(version / 10_000)];
  return since !== undefined && version % 10_000 < since;
}

/** Changes of the reverse stream that a source of an old minor version would skip without an error. */
async function lostOnTheWayBack({ source, input }: CheckContext, full: readonly IdentityFacts[]): Promise<readonly Finding[]> {
  const tables = full.filter(({ hasUnsentColumns, primaryKeyCounts }) => hasUnsentColumns && primaryKeyCounts !== true);
  if (tables.length === 0 || input.reverse === false) return [];
  const [version] = await source.query(serverVersionNumber());
  return blocker({
    code: 'StreamBackMissesRows',
    objects: version && comparesUnsentColumns(version.number) ? tables.map(({ object }) => object) : [],
    message:
      'These tables have a dropped or a generated column, and REPLICA IDENTITY FULL. The stream back, after a switch, is applied by the source, ' +
      'whose minor version does not find such rows: their UPDATE and DELETE would be passed over without a word.',
    remedy:
      'Upgrade the source to 11.20, 12.15, 13.11, 14.8, 15.3 or newer, give the tables a primary key, or start with {"reverse": false}, without a way back.',
  });
}

export const replicaIdentity: ReadinessCheck = {
  name: 'replica identities',
  async find(ctx) {
    const { source, sourceVersion, input } = ctx;
    let publisher = sourceVersion;
    const passedOver = await onTargetIfKnown(async () => {
      publisher = newestPublisher(sourceVersion, ctx.targetVersion, input.reverse);
      return [];
    });
    const tables = await source.query(identities(input, sourceVersion, publisher));
    const wanting = tables.filter(isWanting);
    const hasConsent = input.replicaIdentity === 'full';
    const settable = hasConsent ? wanting.filter((table) => choiceOf(table)) : [];
    const full = tables.filter(
      (table) => (table.identity === 'f' && !isWanting(table)) || (settable.includes(table) && choiceOf(table)?.kind === 'full'),
    );
    return [
      ...blockers(
        wanting.filter((table) => !settable.includes(table)),
        hasConsent,
      ),
      ...consented(settable),
      ...(await lostOnTheWayBack(ctx, full)),
      ...costsOfFull(ctx, full),
      ...passedOver,
    ];
  },
};
