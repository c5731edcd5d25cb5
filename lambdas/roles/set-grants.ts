/** Brings the access lists of objects of the target to what they are to say, each right in the name of the role that it is to come from. */
import type { Session } from '../ports/database.ts';
import { identifier } from '../postgres/quote.ts';
import type { ObjectAccess } from './access.sql.ts';
import { type AccessWanted, keyOf, stateOf } from './access-state.ts';
import type { Attempt, Attempts } from './attempts.ts';
import { grantsToMake, type RightsChange, rightsToTakeBack } from './differences.ts';
import { joinRoles } from './make.ts';
import { isOfSystem } from './role-map.ts';
import { connectingThroughOthers, leaveRoles } from './roles.sql.ts';
import * as sql from './statements.sql.ts';
import { grantsOn } from './words.ts';

/** @returns statements that take back what was changed on objects that were there before @param first as it was before the owners were set, where they were */
export async function setGrants(
  session: Pick<Session, 'query' | 'script'>,
  attempts: Attempts,
  present: readonly ObjectAccess[],
  now: ReadonlyMap<string, ObjectAccess>,
  wanted: AccessWanted,
  first = now,
): Promise<string[]> {
  const { carried, made, ours, database } = wanted;
  const undo: string[] = [];
  const changes = present.flatMap((one): RightsChange[] => {
    const is = stateOf(one, now);
    if (!is) return [];
    const object = one.kind === 'database' ? { ...is, name: identifier(database) } : is;
    if (one.givenUp.length > 0 && one.owner === is.owner) {
      attempts.leave(grantsOn(one), `${one.owner} keeps what it has given up: ${one.givenUp.join(', ')}`);
    }
    const all = [...rightsToTakeBack(object, one, is, carried), ...grantsToMake(object, one, is)];
    const wasThere = one.kind === 'database' || isOfSystem(one.name) || (one.kind !== 'column' && first.get(keyOf(one))?.owner !== ours);
    if (wasThere) undo.push(...all.filter(({ to }) => to === null || !made.has(to)).map(undoing));
    return all;
  });
  const closes = changes.some(
    ({ object, verb, to, rights }) => verb === 'revoke' && to === null && object.kind === 'database' && rights.includes('CONNECT'),
  );
  if (closes) undo.unshift(...(await keepConnecting(session, attempts, wanted)));
  const actors = [...new Set(changes.flatMap((change) => actorOf(change, carried) ?? []))];
  const joined = await joinRoles(session, actors, ours);
  for (const some of inRounds(changes)) await attempts.tryAll(batched(schemasFirst(some), carried));
  if (joined.length > 0) await session.query(leaveRoles(joined));
  return undo;
}

const textOf = ({ object, verb, rights, to, grantable, optionOnly }: RightsChange, objects: readonly ObjectAccess[] = [object]): string =>
  verb === 'grant' ? sql.grantOn(objects, rights, { to, grantable }) : sql.revokeOn(objects, rights, to, optionOnly);

const undoing = (change: RightsChange): string =>
  textOf({ ...change, verb: change.verb === 'grant' ? 'revoke' : 'grant', grantable: false, optionOnly: false });

/** Logins of the target's own, the platform's among them, which could connect because PUBLIC could. @returns what takes that back again */
async function keepConnecting(session: Pick<Session, 'query'>, attempts: Attempts, { carried, database }: AccessWanted): Promise<string[]> {
  const names = (await session.query(connectingThroughOthers([...carried]))).map(({ name }) => name);
  if (names.length === 0) return [];
  const kept = await attempts.try('CONNECT for logins of the target', sql.letConnect(database, names));
  return kept ? [sql.stopConnecting(database, names)] : [];
}

/** What is granted by the owner comes before what others have passed on, and that in the order in which they may. */
function inRounds(changes: readonly RightsChange[]): RightsChange[][] {
  const rounds: RightsChange[][] = [changes.filter(({ by }) => by === undefined)];
  let waiting = changes.filter(({ by }) => by !== undefined);
  const mayPassOn = new Set<string>();
  const note = (round: readonly RightsChange[]): void => {
    for (const { object, to, rights, grantable } of round) {
      if (grantable) for (const right of rights) mayPassOn.add(JSON.stringify([keyOf(object), to, right]));
    }
  };
  note(rounds[0] ?? []);
  while (waiting.length > 0) {
    const ready = waiting.filter(({ object, by = null, rights }) =>
      rights.every((right) => mayPassOn.has(JSON.stringify([keyOf(object), by, right]))),
    );
    // What nobody could have passed on comes from the owner, which gives the same right.
    const round = ready.length > 0 ? ready : waiting.map(({ by: _, ...change }) => change);
    rounds.push(round);
    note(round);
    const taken = new Set<RightsChange>(ready.length > 0 ? ready : waiting);
    waiting = waiting.filter((change) => !taken.has(change));
  }
  return rounds;
}

/** Objects for one statement. */
const OBJECTS_AT_ONCE = 100;

/**
 * The role in whose name a right is given or taken: as ourselves we would be whichever of our roles the server picks (`postgres/as-grantor.sql.ts`).
 * @returns undefined where that is our own role, or one that we cannot be
 */
const actorOf = ({ by, object }: RightsChange, carried: ReadonlySet<string>): string | undefined =>
  [by ?? object.owner].find((name) => carried.has(name));

/** Without USAGE of the schema its grantor would not find the object. */
const schemasFirst = (changes: readonly RightsChange[]): RightsChange[] =>
  changes.toSorted((a, b) => Number(b.object.kind === 'schema') - Number(a.object.kind === 'schema'));

/** The same change of many objects is one statement. */
function batched(changes: readonly RightsChange[], carried: ReadonlySet<string>): Attempt[] {
  const groups = new Map<string, RightsChange[]>();
  for (const change of changes) {
    const { object, verb, rights, to, grantable, optionOnly } = change;
    const column = object.column === null ? '' : keyOf(object);
    const key = JSON.stringify([sql.grantWord(object), column, verb, rights, to, actorOf(change, carried), grantable, optionOnly]);
    const group = groups.get(key);
    if (group) group.push(change);
    else groups.set(key, [change]);
  }
  return [...groups.values()].flatMap((group) => {
    const attempts: Attempt[] = [];
    for (let from = 0; from < group.length; from += OBJECTS_AT_ONCE) {
      const some = group.slice(from, from + OBJECTS_AT_ONCE);
      const [change] = some;
      if (!change) continue;
      const actor = actorOf(change, carried);
      const texts = (objects: readonly ObjectAccess[]): string[] => {
        const text = textOf(change, objects);
        return actor === undefined ? [text] : [sql.actingAs(actor, text), text];
      };
      const [text = ''] = texts(some.map(({ object }) => object));
      attempts.push({ text, parts: some.map(({ object }) => ({ what: grantsOn(object), texts: texts([object]) })) });
    }
    return attempts;
  });
}
