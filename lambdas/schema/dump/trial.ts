/**
 * Whether the target will take what is left for after the copy, tried on its empty tables and undone again: a statement that needs an object
 * which was left behind would fail after days otherwise. Tables without rows run none of the code that stands in indexes, checks and
 * triggers.
 */
import type { Session } from '../../ports/database.ts';
import type { Deferred } from '../post-data/post-data.sql.ts';
import { apply, attempt, batches, type Refusal } from './apply.ts';
import { beginTrial, endTrial } from './dump-session.sql.ts';
import { isKeyKind } from './kinds.ts';
import type { LeftBehind } from './left-behind.ts';
import type { DumpStatement } from './statements.ts';
import { endsEverything, mayStay } from './staying.ts';

type Scripts = Pick<Session, 'script'>;

export interface Later {
  /** Statements that are still to be carried out. */
  readonly deferred: readonly Deferred[];
  readonly refused: readonly Refusal[];
}

/** Kinds that need nothing but tables, types and functions, which are there. Foreign keys and attachments need indexes, and follow from those. */
const TRIED =
  /^(?:CREATE (?:UNIQUE )?INDEX|CREATE (?:CONSTRAINT )?TRIGGER|CREATE (?:RULE|POLICY|STATISTICS)|ALTER TABLE [^;]+\sADD CONSTRAINT)\b/;
const TRIED_KINDS = ['index', 'unique', 'exclusion', 'check', 'detail'];
const MAKES_EVENT_TRIGGER = /^CREATE EVENT TRIGGER\b/;
/** Conditions that a missing right leads to, or an object that was left behind. */
const SPEAKS_OF_WHAT_IS_MISSING = /^(?:42501|42704|42883|42P01|42703|42809|3F000|0A000|58P01|F0000)$/;
const AT_ONCE = 200;
/** As pg_dump calls them, as which a refusal names them where they come before the rows. */
const TYPES_OF_KEYS: Partial<Record<Deferred['kind'], string>> = {
  key: 'CONSTRAINT',
  'key index': 'INDEX',
  'key attachment': 'INDEX ATTACH',
  'replica identity': 'REPLICA IDENTITY',
};

const asDumped = ({ kind, object, text, onSchema, onTable }: Deferred): DumpStatement => {
  const type =
    kind === 'detail' || kind === 'definition'
      ? (/^CREATE (?:OR REPLACE )?([A-Z ]+?) [^A-Z]/.exec(text)?.[1] ?? kind)
      : (TYPES_OF_KEYS[kind] ?? kind.toUpperCase());
  const name = kind === 'definition' ? object : `${object}${onTable ? ` on ${onSchema}.${onTable}` : ''}`;
  return { entry: { name, type, schema: kind === 'definition' ? (onSchema ?? '-') : '-' }, text };
};

/**
 * In a transaction that holds the tables. Keys that wait are tried whatever stays behind, as those are that do not wait; and what needs them is
 * tried on top of them. @param left what has stayed behind; what stays now is added */
export async function tryLater(session: Scripts, deferred: readonly Deferred[], left: LeftBehind): Promise<Later> {
  const events = deferred.filter(({ text }) => MAKES_EVENT_TRIGGER.test(text));
  const keys = deferred.filter(({ kind }) => isKeyKind(kind));
  if (left.isEmpty && keys.length + events.length === 0) return { deferred, refused: [] };

  await session.script(beginTrial);
  const { refused: keysRefused } = await apply(session, batches(keys.map(asDumped)), left);
  const over = keysRefused.some(({ error }) => endsEverything(error.complaint.code));
  if (over) return { deferred, refused: keysRefused };
  const refused = [...keysRefused, ...(left.isEmpty ? [] : await tryTables(session, deferred, left))];
  const withoutEvents = new Set<string>();
  // One by one, since it would run at once; and the last, since others might be refused for it. Whether it may be made is up to the provider.
  for (const one of events) {
    const error = await attempt(session, one.text, 'undo');
    if (!error) continue;
    if (!mayStay(one.text, error.complaint.code, true)) refused.push({ statement: asDumped(one), error });
    left.add(asDumped(one), error);
    withoutEvents.add(one.object);
  }
  await session.script(endTrial);

  const stays = (one: Deferred): boolean =>
    left.reasonOf(one.text) !== undefined ||
    left.covers(one.text) ||
    left.hasRelation(one.onSchema, one.onTable) ||
    (one.kind === 'event trigger' && withoutEvents.has(one.object));
  return { deferred: deferred.filter((one) => !stays(one)), refused };
}

/** @returns what is refused and may not stay behind */
async function tryTables(session: Scripts, deferred: readonly Deferred[], left: LeftBehind): Promise<Refusal[]> {
  const definitions = deferred.filter(({ kind, onSchema, onTable }) => kind === 'definition' && !left.hasRelation(onSchema, onTable));
  const { refused } = await apply(session, batches(definitions.map(asDumped)), left);
  // A view in two steps stands on the target already, in its first form.
  const halfMade = definitions.flatMap((one): Refusal[] => {
    const error = one.text.startsWith('CREATE OR REPLACE') ? left.reasonOf(one.text) : undefined;
    return error ? [{ statement: asDumped(one), error }] : [];
  });
  return [...refused, ...halfMade, ...(await tryEach(session, deferred, left))];
}

async function tryEach(session: Scripts, deferred: readonly Deferred[], left: LeftBehind): Promise<Refusal[]> {
  const tried = deferred.filter(
    ({ kind, text, onSchema, onTable }) => TRIED_KINDS.includes(kind) && TRIED.test(text) && !left.hasRelation(onSchema, onTable),
  );
  const refused: Refusal[] = [];
  for (let from = 0; from < tried.length; from += AT_ONCE) {
    const some = tried.slice(from, from + AT_ONCE);
    if (!(await attempt(session, some.map(({ text }) => text).join('\n;\n'), 'undo'))) continue;
    for (const one of some) {
      const error = await attempt(session, one.text, 'undo');
      if (!error || !SPEAKS_OF_WHAT_IS_MISSING.test(error.complaint.code ?? '')) continue;
      if (mayStay(one.text, error.complaint.code, !left.isEmpty)) left.add(asDumped(one), error);
      else refused.push({ statement: asDumped(one), error });
    }
  }
  return refused;
}
