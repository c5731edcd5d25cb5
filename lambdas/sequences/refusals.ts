/** The reasons why sequences cannot be set on the side that is copied to, for a migration and a switch alike. */
import { SequenceOutOfBounds, VerificationError } from '../config/errors.ts';
import { atMost } from '../config/listing.ts';
import type { SideName } from '../config/side-name.ts';

/** Names in messages; the rest is counted. */
const NAMES_SHOWN = 20;
const shown = (names: readonly string[]): string => atMost(NAMES_SHOWN, names).join(', ');
const otherThan = (to: SideName): SideName => (to === 'target' ? 'source' : 'target');

/** @throws VerificationError if any are missing on the side `to` */
export function refuseMissing(names: readonly string[], to: SideName): void {
  if (names.length === 0) return;
  throw new VerificationError(
    `The ${to} lacks sequences that the ${otherThan(to)} has: ${shown(names)}. No sequence was changed. ` +
      `Create them on the ${to} as they are on the ${otherThan(to)}, or exclude their schemas or tables, then start again.`,
  );
}

/** @throws VerificationError if any run the other way on the side `to` */
export function refuseBackwards(names: readonly string[], to: SideName): void {
  if (names.length === 0) return;
  throw new VerificationError(
    `Sequences run in opposite directions on source and target, so the ${to} would hand out used numbers again: ${shown(names)}. ` +
      'No sequence was changed. Give them the same sign of increment with ALTER SEQUENCE, then start again.',
  );
}

/** @throws SequenceOutOfBounds if any stand where the bounds on the side `to` forbid it */
export function refuseOutOfBounds(names: readonly string[], to: SideName): void {
  if (names.length === 0) return;
  throw new SequenceOutOfBounds(
    `Sequences stand on the ${otherThan(to)} at numbers that the bounds on the ${to} do not allow: ${shown(names)}. No sequence was changed. ` +
      `Widen MINVALUE and MAXVALUE (or the type) on the ${to} with ALTER SEQUENCE, then start again.`,
  );
}
