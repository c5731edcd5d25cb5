/**
 * The role with which the application logs in on the target: the carried role of its user on the source, or one that is made for it where its
 * user has none there, because it becomes ours or because nothing was carried.
 */
import type { MigrationInput } from '../config/input.ts';
import type { Database, Reader, Session } from '../ports/database.ts';
import { quotingAllNames } from '../postgres/quoted-names.ts';
import type { CarriedRole } from '../state/carried-roles.sql.ts';
import * as sql from './application-role.sql.ts';
import { type Attempt, Attempts } from './attempts.ts';
import { rolesCarried } from './mode.ts';
import { grantOn } from './statements.sql.ts';
import { grantsOn } from './words.ts';

/** A role that is to log in. */
export interface WantedRole {
  readonly name: string;
  /** The application's user on the source. */
  readonly onSource: string;
  /** Its row where it is a carried role; otherwise it is made for the application. */
  readonly carried: CarriedRole | undefined;
}

/**
 * @param applicationRole the setting of this name
 * @returns undefined where the application gets the login of the target secret
 */
export async function wantedRole(target: Reader, user: string, applicationRole: string | undefined): Promise<WantedRole | undefined> {
  const carried = (await rolesCarried(target))?.find(({ onSource }) => onSource === user);
  if (carried) return { name: carried.name, onSource: user, carried };
  return applicationRole === undefined ? undefined : { name: applicationRole, onSource: user, carried: undefined };
}

/** Rights that one role has on the source and another one lacks on the target. */
export interface RightsLacking {
  /** Those that we may give. */
  readonly toGive: readonly sql.RightsOn[];
  /** Objects on which we may not, such as `grants on table shop.orders`. */
  readonly refused: readonly string[];
}

export const NO_RIGHTS_LACKING: RightsLacking = { toGive: [], refused: [] };

/** @param input exclusions of the copy */
export async function rightsLacking(
  source: Reader,
  target: Reader,
  { name, onSource }: WantedRole,
  input: Pick<MigrationInput, 'excludeSchemas' | 'excludeTables'>,
): Promise<RightsLacking> {
  const on = (side: Reader, role: string) => quotingAllNames(side, (quoting) => quoting.query(sql.rightsOfRole(role, input)));
  const wanted = new Map((await on(source, onSource)).map((one) => [keyOf(one), one.may]));
  const lacking = (await on(target, name)).flatMap((one) => {
    const may = (wanted.get(keyOf(one)) ?? []).filter((right) => !one.may.includes(right));
    return may.length > 0 ? [{ ...one, may }] : [];
  });
  return {
    toGive: lacking.flatMap((one) => {
      const may = one.may.filter((right) => one.toGive.includes(right));
      return may.length > 0 ? [{ ...one, may }] : [];
    }),
    refused: lacking.filter(({ may, toGive }) => !may.every((right) => toGive.includes(right))).map((one) => grantsOn(inFull(one))),
  };
}

const keyOf = ({ kind, name }: Pick<sql.RightsOn, 'kind' | 'name'>): string => JSON.stringify([kind, name]);
const inFull = ({ kind, name }: sql.RightsOn) => ({ kind, name, column: null });

/** As our role, in a transaction. @returns what was refused after all */
export async function giveRights(
  session: Pick<Session, 'query' | 'script'>,
  target: Pick<Database, 'endpoint'>,
  { name }: WantedRole,
  { toGive }: Pick<RightsLacking, 'toGive'>,
): Promise<readonly string[]> {
  const { database } = target.endpoint;
  const [state] = await session.query(sql.applicationRoleState(name));
  if (!state?.mayMakeTemporary) await session.query(sql.grantTemporary(name, database));
  const attempts = new Attempts(session);
  await attempts.tryAll(batches(toGive, name));
  for (const objects of state?.closedDefaults ?? []) await session.query(sql.grantOnFuture(name, objects));
  return attempts.refused;
}

/** Objects for one statement. */
const AT_ONCE = 100;

function batches(all: readonly sql.RightsOn[], to: string): Attempt[] {
  const groups = Map.groupBy(all, ({ kind, may }) => JSON.stringify([kind, may]));
  return [...groups.values()].flatMap((group) => {
    const attempts: Attempt[] = [];
    for (let from = 0; from < group.length; from += AT_ONCE) {
      const some = group.slice(from, from + AT_ONCE).map((one) => ({ ...inFull(one), may: one.may }));
      const text = (objects: typeof some) => grantOn(objects, objects[0]?.may ?? [], { to, grantable: false });
      attempts.push({ text: text(some), parts: some.map((one) => ({ what: grantsOn(one), texts: [text([one])] })) });
    }
    return attempts;
  });
}
