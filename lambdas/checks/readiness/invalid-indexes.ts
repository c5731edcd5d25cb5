/** Indexes that are already invalid on the source. */

import { warning } from '../finding.ts';
import { invalidIndexes } from '../invalid-indexes.sql.ts';
import type { ReadinessCheck } from './context.ts';

export const invalid: ReadinessCheck = {
  name: 'invalid indexes',
  async find({ source, input }) {
    const found = await source.query(invalidIndexes(input));
    return [
      ...warning({
        code: 'PartitionedIndexInvalid',
        objects: found.filter(({ partitioned }) => partitioned).map(({ object }) => object),
        message:
          'These indexes of partitioned tables are invalid, because a partition lacks its part. They are moved as they are: the parts that there are, ' +
          'and an index over them that is invalid on the target as well.',
        remedy:
          'Nothing, if that was intended. Else make the missing part before Replicate (create index … on the partition, then alter index … attach partition …).',
      }),
      ...warning({
        code: 'IndexLeftBehind',
        objects: found.filter(({ partitioned }) => !partitioned).map(({ object }) => object),
        message:
          'These indexes are invalid, as a broken create index concurrently leaves them: no query uses them, pg_dump passes them over, and the target ' +
          'will not have them.',
        remedy: 'Drop them, or repair them with reindex index concurrently before Replicate.',
      }),
    ];
  },
};
