/** Other subscriptions that write into either database, where no fence stops them: the server restarts the workers of a subscription. */
import { blocker } from '../finding.ts';
import type { SwitchCheck } from './context.ts';
import { enabledSubscriptions } from './enabled-subscriptions.sql.ts';

export const subscriptions: SwitchCheck = {
  name: 'other subscriptions',
  async find({ from, to, current, next }) {
    const objects: string[] = [];
    for (const { name: side, reader } of [from, to]) {
      const others = (await reader.query(enabledSubscriptions())).filter(({ name }) => name !== current && name !== next);
      objects.push(...others.map(({ name }) => `${side}: ${name}`));
    }
    return blocker({
      code: 'OtherSubscription',
      objects,
      message:
        'These subscriptions write into a database that the switch shuts. The fence does not stop them: what they bring to the side that is ' +
        'left would stay behind, and what they bring to the other one would arrive before its time.',
      remedy:
        'Disable them until the switch is over (alter subscription … disable), and make them anew on the other side if they are needed.',
    });
  },
};
