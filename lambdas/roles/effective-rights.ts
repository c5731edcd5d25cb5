/** What some roles may do on one side, by object. */
import type { Exclusions } from '../config/input.ts';
import type { Reader } from '../ports/database.ts';
import { quotingAllNames } from '../postgres/quoted-names.ts';
import type { ObjectAccess } from './access.sql.ts';
import { type ColumnName, columnRightsHeld, type ObjectAlike, objectsAlike, rightsHeld } from './privileges.sql.ts';

/** What an object is called on both sides. */
export type Named = Pick<ObjectAccess, 'kind' | 'name' | 'column'>;
export const nameKey = ({ kind, name, column }: Named): string => JSON.stringify([kind, name, column]);

/** A set of rights of each role, by its position in the list of roles. */
export type RightsByRole = readonly ReadonlySet<string>[];

export interface EffectiveRights {
  /** By {@link nameKey}. Objects that are alike share one value. */
  readonly on: ReadonlyMap<string, { readonly object: Named; readonly rights: RightsByRole }>;
}

export interface RightsAsked {
  readonly exclusions: Exclusions;
  /** Names on this side; null for PUBLIC. */
  readonly roles: readonly (string | null)[];
  /** Columns on which either side has granted something. */
  readonly columns: readonly ColumnName[];
  /** Whether both sides know the right MAINTAIN. */
  readonly maintain: boolean;
}

/** One look at the catalogs of a side. Parts of extensions and of the system are left out. */
export async function effectiveRights(side: Reader, { exclusions, roles, columns, maintain }: RightsAsked): Promise<EffectiveRights> {
  const { objects, held, ofColumns } = await quotingAllNames(side, async (quoting) => ({
    objects: await quoting.query(objectsAlike(exclusions)),
    held: await quoting.query(rightsHeld(exclusions, roles, maintain)),
    ofColumns: columns.length > 0 ? await quoting.query(columnRightsHeld(exclusions, roles, columns)) : [],
  }));
  const nothing = (): Set<string>[] => roles.map(() => new Set());
  const alike = new Map<number, Set<string>[]>();
  for (const { alike: number, role, rights } of held) {
    const all = alike.get(number) ?? nothing();
    alike.set(number, all);
    all[role] = new Set(rights);
  }
  const none = nothing();
  const on = new Map<string, { object: Named; rights: RightsByRole }>();
  for (const { kind, name, alike: number } of objects.filter(({ own }: ObjectAlike) => own)) {
    const object = { kind, name, column: null };
    on.set(nameKey(object), { object, rights: alike.get(number) ?? none });
  }
  const byColumn = new Map<string, Set<string>[]>();
  for (const { name, column, role, rights } of ofColumns) {
    const object = { kind: 'column', name, column };
    const all = byColumn.get(nameKey(object)) ?? nothing();
    byColumn.set(nameKey(object), all);
    all[role] = new Set(rights);
    on.set(nameKey(object), { object, rights: all });
  }
  return { on };
}
