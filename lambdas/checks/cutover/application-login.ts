/** Whether the login that the switch puts into the application's secret is there, and works. */
import { wantedRole } from '../../roles/application-role.ts';
import { loginMadeFor } from '../../state/application-login.ts';
import { blocker } from '../finding.ts';
import type { SwitchCheck } from './context.ts';

export const applicationLogin: SwitchCheck = {
  name: "the application's login at the target",
  async find({ application, applicationLogin: login, target, gates }) {
    if (!application.makesLogin || (await application.pointsAt()) !== 'source') return [];
    const users = await application.currentUsers();
    const [user] = users;
    const wanted = user === undefined ? undefined : await wantedRole(target, user, application.makesLogin.role);
    if (!wanted) return [];
    const made = await loginMadeFor(target, users);
    const isClosed = gates.target !== undefined && gates.target.state !== 'open';
    const works = users.length === 1 && made?.role === wanted.name && (isClosed || (await login?.works(made.role)) !== false);
    return blocker({
      code: 'ApplicationCannotLogIn',
      objects: works ? [] : [wanted.name],
      message: 'With the login that the switch would put into its secret the application could not log in to the target.',
      remedy:
        'Start Replicate, which makes the login and its password anew; or put a login that works into a secret, name it in ' +
        'applicationTargetSecretArn, and deploy.',
    });
  },
};
