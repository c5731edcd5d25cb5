/** Login event triggers: code that the server runs while we log in, before we could inspect it. */
import type { Reader } from '../../ports/database.ts';
import { loginTriggers as triggersOnLogin } from '../../schema/relations.sql.ts';
import { blocker } from '../finding.ts';
import { onBothSides } from '../known.ts';
import type { Check } from '../run.ts';

/** The same before the migration and before a switch. */
export const loginTriggers: Check<{ readonly source: Reader; readonly target: Reader }> = {
  name: 'event triggers on login',
  async find({ source, target }) {
    const { found, passedOver } = await onBothSides({ source, target }, (reader) => reader.query(triggersOnLogin()));
    const findings = blocker({
      code: 'LoginTrigger',
      objects: found.map(({ side, object }) => `${side}: ${object}`),
      message:
        'These event triggers run whenever a session begins, with the rights of the role that logs in, so they run with the rights of the ' +
        'migration, and one that fails or waits keeps it out, also in the middle of a switch.',
      remedy:
        'Disable them until the migration is over, as a superuser of that side, and enable them afterwards (alter event trigger … enable).',
      statements: found.map(({ object }) => `alter event trigger ${object} disable;`),
    });
    return [...findings, ...passedOver];
  },
};
