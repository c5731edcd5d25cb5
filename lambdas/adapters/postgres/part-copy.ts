/** The port `partCopy`: both ends of a part, and the bytes between them. */
import { applicationName, copyRole } from '../../config/names.ts';
import type { SideName } from '../../config/side-name.ts';
import type { ConnectionSettings } from '../../ports/connection-settings.ts';
import type { PartCopy } from '../../ports/part-copy.ts';
import type { LoginPlace, ReplicationLogin } from '../../ports/replication.ts';
import { onceKnown } from '../../postgres/known-login.ts';
import type { ComparedSide } from './comparison.ts';
import { openCopySession } from './copy-session.ts';
import type { WholeWords } from './database-errors.ts';
import { createExportedSlot } from './exported-slot.ts';
import { canLogIn } from './log-in.ts';
import { pass } from './pass.ts';
import { passSeveral } from './pass-several.ts';
import { userAt } from './user-at.ts';

export interface PartCopyOptions {
  /** Milliseconds without a byte at either end, after which a copy is given up. @default - five minutes */
  readonly stallMs?: number;
}

/** A server may be busy for a while with one value of a gigabyte, or with pages that hold no row. */
const STALL_MS = 300_000;

/** @param sides our own logins */
export function partCopyPort(
  login: Pick<ReplicationLogin, 'user' | 'password'>,
  sides: Readonly<Record<SideName, ComparedSide>>,
  step: string,
  log?: WholeWords,
  { stallMs = STALL_MS }: PartCopyOptions = {},
): PartCopy {
  const role = copyRole(sides.target.settings.database);
  const settingsAs = async (side: ComparedSide, user: string, place: LoginPlace): Promise<ConnectionSettings> => ({
    ...side.settings,
    user: await userAt(user, side),
    password: await login.password(place),
    currentLogin: undefined,
  });
  const atSource = () => settingsAs(sides.source, login.user, 'source');
  const atTarget = () => settingsAs(sides.target, role, 'copy');
  return {
    role,
    password: () => login.password('copy'),
    works: async () => canLogIn(await atTarget(), step, log),
    createSlot: async (name, limitMs) => createExportedSlot({ settings: await atSource(), step, log }, name, limitMs),
    openSource: async (tag) => openCopySession(await atSource(), applicationName(step, tag), 'read only', log),
    async openTarget(tag) {
      const settings = await atTarget();
      return onceKnown(() => openCopySession(settings, applicationName(step, tag), 'read write', log));
    },
    passSeveral: (from, to, tables, onBytes) => passSeveral({ from, to, tables, stallMs, ...(onBytes && { onBytes }) }),
    pass: (from, copyOut, to, copyIn, onBytes) => pass({ from, copyOut, to, copyIn, stallMs, ...(onBytes && { onBytes }) }),
  };
}
