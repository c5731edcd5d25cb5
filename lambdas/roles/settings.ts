/** Settings of the source's database and roles, given to the target's. */
import type { Session } from '../ports/database.ts';
import { asMakerOf, asMakerText } from '../postgres/roles.sql.ts';
import type { Attempts } from './attempts.ts';
import type { RoleMap } from './role-map.ts';
import { dropSetting, giveSetting, type KeptSetting, keptSettings, restoreSetting } from './settings.sql.ts';
import { settingOf } from './words.ts';

const keyOf = ({ role, here, name }: KeptSetting): string => JSON.stringify([role, here, name]);

/** By the names on the target; those of roles that stay behind are left out, and of several roles that become one the first counts. */
export function mappedSettings(settings: readonly KeptSetting[], map: Pick<RoleMap, 'targetOf'>): KeptSetting[] {
  const mapped = new Map<string, KeptSetting>();
  for (const setting of settings) {
    const role = setting.role === null ? null : map.targetOf(setting.role);
    if (role === undefined) continue;
    const one = { ...setting, role };
    if (!mapped.has(keyOf(one))) mapped.set(keyOf(one), one);
  }
  return [...mapped.values()];
}

/** One by one, since a managed target refuses some. @returns statements that take back those of the database, and of roles that are not ours to drop */
export async function giveSettings(
  session: Pick<Session, 'query'>,
  attempts: Attempts,
  settings: readonly KeptSetting[],
  { database, made, ours }: { readonly database: string; readonly made: ReadonlySet<string>; readonly ours: string },
): Promise<string[]> {
  const there = new Map((await session.query(keptSettings())).map((one) => [keyOf(one), one.value]));
  const undo: string[] = [];
  for (const setting of settings) {
    const { role, here, name, value } = setting;
    const was = there.get(keyOf(setting));
    if (was === value) continue;
    const isOfOthers = role !== null && role !== ours;
    const give = giveSetting(setting, database);
    const given = await attempts.try(settingOf(role, here, name), isOfOthers ? asMakerOf(role, ...give) : give);
    if (!given || (role !== null && made.has(role))) continue;
    const back = was === undefined ? dropSetting(setting, database) : restoreSetting({ ...setting, value: was }, database);
    undo.push(isOfOthers ? asMakerText(role, back) : back);
  }
  return undo;
}
