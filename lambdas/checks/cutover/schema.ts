/** Whether the schema is still the one that was copied. DDL is not replicated. */
import { type Difference, inWords } from '../../schema/differences.ts';
import { schemaDifferences } from '../../schema/fingerprint.ts';
import { blocker, type Finding, warning } from '../finding.ts';
import type { SwitchCheck } from './context.ts';

/** Definitions can be long, and many of them have to fit into one message. */
const LONGEST_WORDS = 300;

const described = (side: string, difference: Difference): string => {
  const words = `on the ${side}, ${inWords(difference)}`;
  return words.length > LONGEST_WORDS ? `${words.slice(0, LONGEST_WORDS)}…` : words;
};

const MIGRATED = 'The schema has changed since it was copied. Changes of the schema are not replicated.';

/** An invalid index of an interrupted `create index concurrently` is in no dump, so the target never had it. */
const wasNeverCopied = ({ object, was, is }: Difference): boolean =>
  is === undefined && object.startsWith('index ') && / \(invalid\)$/.test(was ?? '') && !/ ON ONLY /.test(was ?? '');

export const schema: SwitchCheck = {
  name: 'the schema of both sides',
  async find({ source, target }) {
    const { recorded, alike, ...changed } = await schemaDifferences(source, target);
    const findings: Finding[] = [
      ...blocker({
        code: 'SchemaNotRecorded',
        objects: (['source', 'target'] as const).filter((side) => !recorded[side]),
        message: 'There is no record of the schema as it was copied, so it is not known whether it has changed since.',
        remedy: 'Start Replicate and let it finish. If this remains, an older version copied the schema: Cleanup, then begin anew.',
      }),
      ...blocker({
        code: 'SchemaChanged',
        objects: [
          ...changed.source.filter((one) => !wasNeverCopied(one)).map((one) => described('source', one)),
          ...changed.target.map((one) => described('target', one)),
        ],
        message: MIGRATED,
        remedy:
          'Make the same change on the other side, or take it back. Where a column was added, rows written since have to be compared.',
      }),
      ...warning({
        code: 'SchemaChangedAlike',
        objects: alike.map(inWords),
        message: 'These changes were made since the copy on both sides alike.',
        remedy: 'Nothing, if that was intended.',
      }),
    ];
    return findings;
  },
};
