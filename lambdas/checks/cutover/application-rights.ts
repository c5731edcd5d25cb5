/** Whether the application's login on the side switched to may do what the one on the other side may, whether roles were carried or not. */
import { CUTOVER } from '../../config/direction.ts';
import { InvalidConfiguration } from '../../config/errors.ts';
import { atMost } from '../../config/listing.ts';
import { rightsOn } from '../../postgres/rights.ts';
import { type LostRights, rightsLost } from '../../roles/lost-rights.ts';
import { blocker, type Finding, listed, onTarget } from '../finding.ts';
import type { Side, SwitchCheck, SwitchCheckContext } from './context.ts';
import { roleOfLogin } from './shut-out.ts';

const MOST_SHOWN = 100;

/** Names of the roles with which the application logs in to a side; none where no secret says so, or it cannot be read, which is another finding. */
async function rolesOn(side: Side, { application }: SwitchCheckContext): Promise<string[]> {
  try {
    const user = side.name === 'target' ? await application.targetUser() : undefined;
    const users = side.name === 'source' ? await application.sourceUsers() : user === undefined ? [] : [user];
    if (users.length === 0) return [];
    const { role } = await rightsOn(side.reader);
    return users.map((one) => roleOfLogin(one, { user: side.reader.endpoint.user, role }));
  } catch (error) {
    if (error instanceof InvalidConfiguration) return [];
    throw error;
  }
}

const onSide = ({ name }: Side, statement: string): string => (name === 'target' ? onTarget(statement) : statement);

/**
 * A rollback is for emergencies, and leads to the rights that the application had: where everything was flattened it may do more on the target, and
 * what was granted since is there alone. So there it is a warning.
 */
export const applicationRights: SwitchCheck = {
  name: "rights of the application's login",
  async find(ctx): Promise<readonly Finding[]> {
    const { from, to } = ctx;
    const missing: string[] = [];
    const lost: LostRights[] = [];
    const [before, after] = [await rolesOn(from, ctx), await rolesOn(to, ctx)];
    for (const one of before) {
      for (const other of after) {
        const found = await rightsLost({ ...from, role: one }, { ...to, role: other }, ctx.exclusions);
        if (!found.isThere) missing.push(`${to.name}: ${other}`);
        lost.push(...found.lost);
      }
    }
    return [
      ...blocker({
        code: 'ApplicationRoleMissing',
        objects: [...new Set(missing)],
        message: `The role with which the application is to log in to the ${to.name} is not there.`,
        remedy: 'Make it, with a login and the rights that it has on the other side; or correct the secret that names it.',
      }),
      ...listed({
        code: 'ApplicationRightsMissing',
        severity: ctx.direction === CUTOVER ? 'blocker' : 'warning',
        objects: atMost(MOST_SHOWN, [...new Set(lost.map(({ words }) => words))]),
        message:
          `On the ${to.name} the application logs in as ${after.join(', ')}, which may not do what ${before.join(', ')} may on the ${from.name}. It would ` +
          'fail as soon as it is led there.',
        remedy: `Run the statements on the ${to.name}, or give the application another login there.`,
        statements: atMost(MOST_SHOWN, [...new Set(lost.map(({ grant }) => onSide(to, grant)))]),
      }),
    ];
  },
};
