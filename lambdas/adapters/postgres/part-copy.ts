/** The port `partCopy`: both ends of a part, and the bytes between them. */
import { copyRole } from '../../config/names.ts';
import type { SideName } from '../../config/side-name.ts';
import type { PartCopy } from '../../ports/part-copy.ts';
import type { ReplicationLogin } from '../../ports/replication.ts';
import type { ComparedSide } from './comparison.ts';
import type { WholeWords } from './database-errors.ts';

export function partCopyPort(
  login: Pick<ReplicationLogin, 'user' | 'password'>,
  sides: Readonly<Record<SideName, ComparedSide>>,
  _step: string,
  _log?: WholeWords,
): PartCopy {
  const notYet = () => Promise.reject(new Error('to come'));
  return {
    role: copyRole(sides.target.settings.database),
    password: () => login.password('copy'),
    createSlot: notYet,
    openSource: notYet,
    openTarget: notYet,
    pass: notYet,
  };
}
