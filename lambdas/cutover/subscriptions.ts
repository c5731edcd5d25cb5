/** Others that write into the database that is left, where no fence stops them: the workers of subscriptions. */
import { listed } from '../readiness/findings.ts';
import { enabledSubscriptions } from '../sql/enabled-subscriptions.ts';
import type { SwitchCheck } from './scene.ts';

export const subscriptions: SwitchCheck = {
  name: 'other subscriptions',
  async find({ leaving, current, next }) {
    const found = (await leaving.reader.query(enabledSubscriptions())).map(({ name }) => name);
    return listed({
      code: 'OtherSubscription',
      severity: 'blocker',
      objects: found.filter((name) => name !== current && name !== next).map((name) => `${leaving.name}: ${name}`),
      message:
        'These subscriptions write into the database that is left. The fence does not stop them, so what they bring would stay behind.',
      remedy:
        'Disable them until the switch is over (alter subscription … disable), and make them anew on the other side if they are needed.',
    });
  },
};
