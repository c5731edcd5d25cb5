/** What was passed over when a dump was loaded, told where it may be why something failed. */
import { atMost } from '../../lambdas/config/listing.ts';

const MOST_SHOWN = 10;

/** Names in a note, as far as somebody could have quoted them: words of the language are in every statement. */
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

/** Those that speak of what the failure speaks of come first. */
export function mentioned(notes: readonly string[], failure: string): string {
  if (notes.length === 0) return '';
  const words = new Set(namesIn(failure));
  const isNear = (note: string): boolean => namesIn(note).some((name) => words.has(name));
  const sorted = [...notes.filter(isNear), ...notes.filter((note) => !isNear(note))];
  return ` Before that, not done as the dump says: ${atMost(MOST_SHOWN, sorted).join('; ')}.`;
}
