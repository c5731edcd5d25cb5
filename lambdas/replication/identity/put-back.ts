/** The end of the replica identities that the migration has set: each table gets back what it had, unless another session has changed it since. */
import { StatementFailed } from '../../config/errors.ts';
import type { Database, Reader } from '../../ports/database.ts';
import { UNDEFINED_TABLE } from '../../postgres/sqlstates.ts';
import {
  identitiesExist,
  leaveIdentity,
  putBackIdentity,
  type RecordedIdentity,
  recordedIdentities,
} from '../../state/replica-identities.sql.ts';
import { tryEach } from './tries.ts';

export async function recordOn(side: Reader): Promise<readonly RecordedIdentity[]> {
  const [there] = await side.query(identitiesExist());
  return there?.exists ? side.query(recordedIdentities()) : [];
}

const isOpen = ({ became }: RecordedIdentity): boolean => became === null;
const isLeft = ({ became }: RecordedIdentity): boolean => became === 'changed' || became === 'refused';

/** Tables of which the operator has to know, each with the identity that it had before. */
export const leftAlone = (record: readonly RecordedIdentity[]): string[] =>
  record.filter(isLeft).map(({ object, was, wasIndex, became }) => {
    const before = was === 'i' ? `using index ${wasIndex ?? '(gone)'}` : { d: 'default', n: 'nothing', f: 'full' }[was];
    const why = became === 'changed' ? 'another session has changed it since' : 'the server refuses to let us alter it';
    return `${object}: ${why}; before the migration it was ${before}`;
  });

export const stillSet = (record: readonly RecordedIdentity[]): string[] => record.filter(isOpen).map(({ object }) => object);

/**
 * To be called when nothing is published any more: without its identity a published table could not be updated.
 * @returns whether all was carried out. False where tables are locked, and once more where something is left alone, so that the visit that
 * follows can say so before the record goes
 */
export async function putBackIdentities(side: Database, remainingMs: () => number): Promise<boolean> {
  const open = (await recordOn(side)).filter(isOpen);
  const left = await tryEach(
    open,
    async ({ relation }) => {
      try {
        await side.query(putBackIdentity(relation));
      } catch (error) {
        if (!(error instanceof StatementFailed) || error.complaint.code === UNDEFINED_TABLE) throw error;
        await side.query(leaveIdentity(relation));
      }
    },
    remainingMs,
  );
  if (left.length > 0) return false;
  return open.length === 0 || leftAlone(await recordOn(side)).length === 0;
}

/** Another visit has dropped the record meanwhile. */
