/** Statements of a dump that were passed over, reported where they may be the cause of a failure. */
import { atMost } from '../../lambdas/config/listing.ts';

const MOST_SHOWN = 10;

/** Names in a note that could be quoted identifiers: keywords are in every statement. */
const namesIn = (note: string): string[] =>
  [...note.matchAll(/"((?:[^"]|"")+)"|\b([a-z_][\w$]{3,})\b/gi)]
    .map(([, quoted, plain]) => (quoted ?? plain ?? '').toLowerCase())
    .filter((name) => !COMMON.has(name));

const COMMON = new Set(
  (
    'alter comment create drop extension exists function grant index public revoke role schema select server table trigger type user with done superuser since ' +
    'master does view database event from this that what said under rehearsal place without machine version only must execute granted permission denied'
  ).split(' '),
);

/** Notes that name the same objects as the failure come first. */
export function mentioned(notes: readonly string[], failure: string): string {
  if (notes.length === 0) return '';
  const words = new Set(namesIn(failure));
  const isNear = (note: string): boolean => namesIn(note).some((name) => words.has(name));
  const sorted = [...notes.filter(isNear), ...notes.filter((note) => !isNear(note))];
  return ` Before that, not done as the dump says: ${atMost(MOST_SHOWN, sorted).join('; ')}.`;
}
