/** The message about statements that the target refused. */
import { IndexBuildFailed } from '../../config/errors.ts';
import { SCHEMA } from '../../config/names.ts';
import { qualified } from '../../postgres/quote.ts';
import { type PublicWords, publicWords, withCode } from '../../postgres/server-words.ts';
import { OWN_TABLES } from '../../state/tables.ts';
import type { Work } from './post-data.sql.ts';
import { MOST_ATTEMPTS } from './state.ts';

export interface Failure {
  readonly ordinal: number;
  readonly object: string;
  readonly message: string;
}

const REMEDIES: readonly (readonly [codes: RegExp, remedy: string])[] = [
  [/^23505$/, 'Rows are there twice on the target: find them, compare with the source, whose own index may be corrupt.'],
  [/^23503$/, 'Rows refer to rows that are missing: look for the same on the source, where the constraint may never have been validated.'],
  [/^23/, 'Rows break the constraint: look for the same on the source.'],
  [/^42501$/, 'Grant the target role the right, or have a role that has it run the statement.'],
  [/^53100$/, 'Give the target more disk.'],
  [/^42(704|P01|703|883)$/, 'Make what is missing on the target, a role for example.'],
];

const LONGEST_TEXT = 160;
const MOST_FAILURES_SHOWN = 20;

const titleOf = ({ kind, object, onSchema, onTable }: Work): string =>
  `${kind} ${object}${onSchema && onTable && object !== onTable ? ` on ${qualified(onSchema, onTable)}` : ''}`;

/** The server's message, as far as it may be shown; undefined where there is none. */
export function wordsOf({ code, error, hint, culprit, ownWords }: Work): PublicWords | undefined {
  if (code === null) return undefined;
  return publicWords({ code, message: error ?? '', hint: hint ?? undefined, foreign: ownWords !== true, culprit: culprit ?? undefined });
}

export function failureOf(work: Work): Failure {
  const { ordinal, code } = work;
  const words = wordsOf(work);
  if (!words) {
    return { ordinal, object: titleOf(work), message: `started ${MOST_ATTEMPTS} times, and vanished without an error each time` };
  }
  const hint = words.hint ? ` Hint: ${words.hint}` : '';
  return { ordinal, object: titleOf(work), message: `${withCode(words.message, code ?? undefined)}${hint}` };
}

function remedyOf({ code, culprit }: Work): string {
  if (culprit && !code?.startsWith('42')) return `Function ${culprit} fails for a row of the table: repair the one or the other.`;
  if (culprit) {
    return `Function ${culprit} fails where search_path is empty: qualify the names in it, or give it one with alter function … set search_path.`;
  }
  return REMEDIES.find(([codes]) => codes.test(code ?? ''))?.[1] ?? 'Repair the cause that the server names.';
}

/** What failed, each with its remedy, as far as it may be shown. */
function inWords(failed: readonly Work[]): string {
  const shown = failed.slice(0, MOST_FAILURES_SHOWN).map((work) => {
    const text = (work.text ?? '').replaceAll(/\s+/g, ' ');
    const shown = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
    const { ordinal, object, message } = failureOf(work);
    return `(${ordinal}) ${object}: ${message}. ${remedyOf(work)}${shown ? ` Statement: ${shown}` : ''}`;
  });
  const omitted = failed.length - shown.length;
  return `${shown.join(' ')}${omitted > 0 ? ` And ${omitted} more.` : ''}`;
}

export function buildFailed(failed: readonly Work[]): IndexBuildFailed {
  return new IndexBuildFailed(
    `${failed.length} statements failed; all others were carried out. ${inWords(failed)} ` +
      'Then start the machine again: it tries these once more. To go on without some of them, run on the target: ' +
      `delete from ${SCHEMA}.${OWN_TABLES.postData.name} where ${failed.length > MOST_FAILURES_SHOWN ? 'error is not null' : `ordinal in (${failed.map(({ ordinal }) => ordinal).join(', ')})`}.`,
  );
}

/** Of keys that the stream needs, so that nobody can go on without them. */
export function keysFailed(failed: readonly Work[]): IndexBuildFailed {
  return new IndexBuildFailed(
    `${failed.length} statements failed that make keys; all other keys were made. The rows are there, and the stream waits: it would find no row ` +
      `of these tables to change. ${inWords(failed)} Then start the machine again: it tries these once more, and copies nothing again.`,
  );
}
