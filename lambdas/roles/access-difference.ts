/** A difference in owners, rights, memberships or settings between both sides, in words and with what mends it. */
import type { SideName } from '../config/side-name.ts';
import type { Direction } from './rights-differences.ts';

export interface AccessDifference {
  /** Such as `SELECT on table shop.orders` or `owner of table shop.orders`. */
  readonly subject: string;
  /** The role that it concerns, by its name; PUBLIC; undefined where it concerns an object or the database. */
  readonly role: string | undefined;
  /** What each side has, such as `may`, `may not`, or the name of an owner. Values of settings are never told, since they may be secrets. */
  readonly onSource: string;
  readonly onTarget: string;
  /** Seen from the target: what the source alone has is missing; a value that is another one is, too. */
  readonly direction: Direction;
  /** Something that the target has by itself: of a role that was there before the migration, or a setting of its database. */
  readonly ofTarget: boolean;
  /** The name under which the record of the copy has it, where it could not follow; see `words.ts`. */
  readonly recordedAs: string;
  /** SQL that makes a side as the other one is, where it can be given. */
  readonly mend: Partial<Readonly<Record<SideName, string>>>;
}

/** A name of a role, as SQL writes it, or PUBLIC. */
export const roleInWords = (role: string | null): string =>
  role === null ? 'PUBLIC' : /^[a-z_][a-z0-9_$]*$/.test(role) ? role : `"${role.replaceAll('"', '""')}"`;

export const differenceInWords = ({ subject, role, onSource, onTarget }: AccessDifference): string =>
  `${subject}${role === undefined ? '' : ` (${role})`}: ${onSource} on the source, ${onTarget} on the target`;
