/** Whether the role that was made may be deleted: only where nobody else logs in by it, and where nothing goes with it that cannot be handed over. */
import { InvalidConfiguration } from '../config/errors.ts';
import { atMost } from '../config/listing.ts';
import type { ApplicationView } from '../ports/application.ts';
import type { Reader } from '../ports/database.ts';
import type { BranchRole } from '../ports/planetscale.ts';
import { attachedTo } from './attached.sql.ts';
import type { TargetRecord } from './journal.ts';
import { sessionsOfOthers } from './serves.sql.ts';

export interface RoleUse {
  /** Of the migration, as PlanetScale has it; undefined where it is gone. */
  readonly role: BranchRole | undefined;
  /** Why it has to stay, as the rest of a sentence that begins with "because". @default - it may go */
  readonly usedBy: string | undefined;
  /** Whether the application was switched to the target with no secret of its own: nobody else knows by which role it logs in. */
  readonly isSwitched: boolean;
}

export interface RoleUsePorts {
  /** Undefined where the target has no login. */
  readonly target: Reader | undefined;
  readonly application: ApplicationView;
  readonly record: TargetRecord;
  /** The name that a role of ours has: the journal alone is no proof, since others may write tags. */
  readonly name: string;
  readonly roles: readonly BranchRole[];
  /** The side that the application had been switched to, by this execution's clean-up. */
  readonly served: unknown;
}

export async function roleUse({ target, application, record, name, roles, served }: RoleUsePorts): Promise<RoleUse> {
  const role = record.role && roles.find(({ id, isDefault }) => !isDefault && id === record.role?.id);
  const isSwitched = application.secret === undefined && (served === 'target' || record.switched === true);
  if (!role) return { role: undefined, usedBy: undefined, isSwitched };
  return {
    role,
    isSwitched,
    usedBy: role.name !== name ? NOT_OURS : record.ending ? undefined : await whoUses(role, isSwitched, target, application),
  };
}

const MOST_SHOWN = 5;
const NOT_OURS = 'it has another name than the migration gives to its roles';

async function whoUses(
  role: BranchRole,
  isSwitched: boolean,
  target: Reader | undefined,
  application: ApplicationView,
): Promise<string | undefined> {
  if (isSwitched) return 'the application was switched to the target, and which login it has there is not known here';
  if (!target) return 'the target secret is empty, so nobody can see who logs in by it';
  const connected = (await target.query(sessionsOfOthers())).find((other) => other.role === role.role);
  const attached = await target.query(attachedTo(role.role));
  if (attached.length > 0) {
    const listed = atMost(
      MOST_SHOWN,
      attached.map(({ what }) => what),
    );
    return `these would go with it, whoever gets what it owns: ${listed.join(', ')}`;
  }
  if (connected) return `${connected.sessions === 1 ? 'a session' : `${connected.sessions} sessions`} of others logged in by it`;
  try {
    const users = [...(await application.currentUsers()), await application.targetUser()];
    return users.some((user) => user === role.user || user === role.role) ? 'the secret of the application has its login' : undefined;
  } catch (error) {
    if (error instanceof InvalidConfiguration) return 'the secret of the application cannot be read, and may have its login';
    throw error;
  }
}
