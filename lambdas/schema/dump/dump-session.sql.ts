/** Texts around the statements of a dump, which come from pg_dump themselves. */
import { literal } from '../../postgres/quote.ts';

/**
 * The settings under which a dump is meant to run. Those that pg_dump writes at its top are for psql: they would outlive a transaction,
 * and not every server knows all of them.
 */
export const dumpSettings = (scope: 'local' | 'session'): string =>
  [
    "search_path = ''",
    'check_function_bodies = off',
    'xmloption = content',
    'standard_conforming_strings = on',
    'row_security = off',
    'client_min_messages = error',
  ]
    .map((setting) => `set ${scope} ${setting}`)
    .join(';\n');

/** The same statement, skipped where the connected role may not run it. */
export const asFarAsAllowed = (text: string): string =>
  `do ${literal(`begin
  execute ${literal(text)};
exception when insufficient_privilege then
end`)}`;

const PIECE = 'planetscale_dump';
const WHOLE = 'planetscale_later';

/** A piece of a dump as a whole or not at all. @param afterwards whether it is to stay, or was only tried */
export const piece = (text: string, afterwards: 'keep' | 'undo'): string =>
  `savepoint ${PIECE};\n${text}\n;\n${afterwards === 'undo' ? `rollback to savepoint ${PIECE};\n` : ''}release savepoint ${PIECE}`;
/** After a {@link piece} was refused. */
export const dropPiece = `rollback to savepoint ${PIECE};\nrelease savepoint ${PIECE}`;

/** Around several pieces that are only tried together. */
export const beginTrial = `savepoint ${WHOLE}`;
export const endTrial = `rollback to savepoint ${WHOLE};\nrelease savepoint ${WHOLE}`;
