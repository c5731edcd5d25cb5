/** Whether the target has every index, constraint, trigger and policy that the application will rely on. */
import { canonical } from '../../schema/canonical.ts';
import { postDataExists, workList } from '../../schema/post-data/post-data.sql.ts';
import { blocker, type Finding } from '../finding.ts';
import { invalidIndexes } from '../invalid-indexes.sql.ts';
import type { SwitchCheck } from './context.ts';

const START_REPLICATE = 'Start Replicate and let it finish: BuildIndexes makes what is missing.';

export const postData: SwitchCheck = {
  name: 'indexes and constraints of the target',
  async find({ source, target, exclusions }) {
    const [there] = await target.query(postDataExists());
    const work = there?.exists ? await target.query(workList()) : undefined;
    const alike = new Set((await source.query(invalidIndexes(exclusions))).map(({ object }) => canonical(object)));
    const findings: Finding[] = [
      ...blocker({
        code: 'PostDataUnknown',
        objects: work ? [] : ['target'],
        message: 'There is no list of the indexes and constraints that the copy left for later.',
        remedy: START_REPLICATE,
      }),
      ...blocker({
        code: 'PostDataMissing',
        objects: (work ?? [])
          .filter(({ done }) => !done)
          .map(({ kind, object, onSchema, onTable, running }) =>
            [`${kind} ${object}`, ...(onTable ? [`on ${onSchema}.${onTable}`] : []), ...(running ? ['(being made)'] : [])].join(' '),
          ),
        message: 'These are not on the target, or were removed since they were made.',
        remedy: START_REPLICATE,
      }),
      ...blocker({
        code: 'IndexInvalid',
        // One that is invalid on the source as well, because a partition lacks its part of it, was moved as it is.
        objects: (await target.query(invalidIndexes(exclusions))).flatMap(({ object }) => (alike.has(canonical(object)) ? [] : [object])),
        message: 'These indexes on the target are invalid: no query uses them, and a unique one does not keep duplicates out.',
        remedy:
          'Look at what broke them, then reindex index concurrently, or drop them and start Replicate. One of a partitioned table becomes valid when every partition has its part: create index … on the partition, then alter index … attach partition …',
      }),
    ];
    return findings;
  },
};
