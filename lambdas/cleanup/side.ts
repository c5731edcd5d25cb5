/** A side of the migration that may be out of reach: the artifacts there, or the reason why they could not be read. */
import { CannotConnect, InvalidConfiguration, NotOurs, StatementFailed, TargetNotKnown, TransientError } from '../config/errors.ts';
import { UNDEFINED_TABLE } from '../postgres/sqlstates.ts';

export type Side<Artifacts> =
  | { readonly reached: true; readonly artifacts: Artifacts }
  | {
      readonly reached: false;
      readonly reason: string;
      /** Whether it may be reachable again by itself. */
      readonly passing: boolean;
      /** Whether it answers, but objects with our name there are not ours, so that they can be neither trusted nor dropped. */
      readonly notOurs?: boolean;
      /** Whether there is no login for it: none was made, or RestoreTarget has deleted the role. */
      readonly noLogin?: boolean;
    };

/** Whether another visit dropped a table of ours after we had seen that it is there. */
export const hasVanished = (error: unknown): boolean => error instanceof StatementFailed && error.complaint.code === UNDEFINED_TABLE;

/** Attempts to read a side: each of our tables can be dropped once meanwhile. */
const LOOKS = 8;

/** @throws errors other than a side out of reach, such as a statement that the server refuses */
export async function look<Artifacts>(find: () => Promise<Artifacts>, looks = LOOKS): Promise<Side<Artifacts>> {
  try {
    return { reached: true, artifacts: await find() };
  } catch (error) {
    if (hasVanished(error) && looks > 1) return look(find, looks - 1);
    if (error instanceof TransientError) return { reached: false, reason: error.message, passing: true };
    if (error instanceof CannotConnect || error instanceof InvalidConfiguration) {
      const [notOurs, noLogin] = [error instanceof NotOurs, error instanceof TargetNotKnown];
      return { reached: false, reason: error.message, passing: false, ...(notOurs && { notOurs }), ...(noLogin && { noLogin }) };
    }
    throw error;
  }
}
