/** Tables and other relations that logical replication skips or treats differently. */
import type { Statement } from '../../ports/database.ts';
import { foreignKeysOfUnlogged } from '../../postgres/foreign-keys.sql.ts';
import { qualified } from '../../postgres/quote.ts';
import * as relations from '../../schema/relations.sql.ts';
import { type Finding, listed, warning } from '../finding.ts';
import type { CheckContext, ReadinessCheck } from './context.ts';

/** A check that lists the objects of one query on the source, where the source's version supports the query. */
const listing = (
  name: string,
  query: (input: CheckContext['input']) => Statement<relations.Named>,
  finding: Omit<Finding, 'objects'>,
  applies: (version: number) => boolean = () => true,
): ReadinessCheck => ({
  name,
  async find({ source, sourceVersion, input }) {
    if (!applies(sourceVersion)) return [];
    return listed({ ...finding, objects: (await source.query(query(input))).map(({ object }) => object) });
  },
});

const unlogged = listing('unlogged tables', relations.unloggedTables, {
  code: 'UnloggedTable',
  severity: 'warning',
  message: 'Unlogged tables are created on the target but stay empty there: their rows are not in the WAL.',
  remedy: 'Make them logged on the source (alter table … set logged) if their rows matter, or fill them anew on the target.',
});

const belowPublished = listing('unlogged partitions and children', relations.unloggedBelow, {
  code: 'UnloggedPartition',
  severity: 'warning',
  message:
    'These unlogged tables are partitions or children of tables that are published, so a query of the parent finds their rows on the source and ' +
    'none of them on the target.',
  remedy: 'Make them logged on the source before you start (alter table … set logged) if their rows matter.',
});

const unloggedChildren: ReadinessCheck = {
  name: 'foreign keys of unlogged tables',
  async find({ source, input }) {
    const found = await source.query(foreignKeysOfUnlogged(input));
    return warning({
      code: 'UnloggedChild',
      objects: found.map(({ schema, table, name, to }) => `${qualified(schema, table)}: ${name}, to ${to}`),
      message:
        'Unlogged tables refer to published ones. A truncate … cascade of the latter arrives at the subscriber without the former, and would be ' +
        'refused there, which stops the stream of all tables. So these foreign keys are held on the side that subscribes: taken away with their ' +
        'definitions written down, and made again when the stream turns or ends.',
      remedy:
        'Nothing has to be done. Where rows of an unlogged table refer to what is gone by then, its key is made again as NOT VALID: validate it.',
    });
  },
};

const foreign = listing('foreign tables', relations.foreignTables, {
  code: 'ForeignTable',
  severity: 'warning',
  message:
    'Foreign tables hold no rows of their own. Their definition is copied without user mappings, and the target may not reach their server.',
  remedy: 'Exclude them if the target cannot use them.',
});

const materialized = listing('materialized views', relations.materializedViews, {
  code: 'MaterializedView',
  severity: 'warning',
  message: 'Materialized views are not replicated. BuildIndexes refreshes them on the target once, after the copy.',
  remedy: 'Refresh them again after the cutover, as you do on the source.',
});

const partitions = listing('partitioned tables', relations.partitionedTables, {
  code: 'PartitionedTable',
  severity: 'warning',
  message: 'Partitions are published one by one. One that is created or attached while the migration runs would not be replicated.',
  remedy: 'Create the partitions that the coming days need before you start, and pause jobs that create, attach or drop any.',
});

const inheritance = listing('inheritance', relations.inheritanceParents, {
  code: 'InheritedTable',
  severity: 'warning',
  message: 'Parents and children of plain inheritance are published each by itself, on every version.',
  remedy: 'Do not change the inheritance while the migration runs.',
});

const generated = listing(
  'generated columns',
  relations.generatedColumns,
  {
    code: 'GeneratedColumn',
    severity: 'warning',
    message: 'Generated columns are not replicated; the target computes them anew.',
    remedy: 'Check that their expressions mean the same on the target. CompareData compares the values.',
  },
  (version) => version >= 12,
);

const identity = listing('identity columns', relations.identityColumns, {
  code: 'IdentityColumn',
  severity: 'warning',
  message: 'Identity columns take their values from sequences, which are not replicated. SyncSequences sets them ahead on the target.',
  remedy: 'Nothing to do.',
});

const oids = listing(
  'tables with oids',
  relations.tablesWithOids,
  {
    code: 'TableWithOids',
    severity: 'blocker',
    message: 'These tables have a hidden oid column, which newer versions do not have, so its values would be lost.',
    remedy:
      'Drop it (alter table … set without oids) after copying the values that matter into a column of their own, or exclude the tables.',
  },
  (version) => version < 12,
);

const removedTypes = listing(
  'types that newer versions lack',
  relations.columnsOfRemovedTypes,
  {
    code: 'TypeRemoved',
    severity: 'blocker',
    message: 'The types abstime, reltime and tinterval do not exist from version 12 on.',
    remedy: 'Change these columns to timestamptz or interval on the source, or exclude the tables.',
  },
  (version) => version < 12,
);

const objects: ReadinessCheck = {
  name: 'large objects',
  async find({ source }) {
    const [found] = await source.query(relations.largeObjects());
    if (found?.count === 0) return [];
    return [
      {
        code: 'LargeObjects',
        severity: 'blocker',
        objects: [`${found?.count ?? 'an unknown number of'} large objects`],
        message: 'Large objects are not replicated, so they would be missing on the target.',
        remedy: 'Move them into bytea columns, or remove those that nothing refers to (the program vacuumlo finds them).',
      },
    ];
  },
};

export const tableChecks: readonly ReadinessCheck[] = [
  unlogged,
  belowPublished,
  unloggedChildren,
  foreign,
  materialized,
  partitions,
  inheritance,
  generated,
  identity,
  oids,
  removedTypes,
  objects,
];
