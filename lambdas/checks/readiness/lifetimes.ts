/** Logins that will expire: PlanetScale's roles may have a time to live. */
import { blocker, warning } from '../finding.ts';
import { onBothSides } from '../known.ts';
import type { ReadinessCheck } from './context.ts';
import { type EndingLogin, endingLogins } from './lifetimes.sql.ts';

/** No migration of a size that needs this tool is copied and switched sooner. */
const TOO_SOON_HOURS = 24;

export const lifetimes: ReadinessCheck = {
  name: 'how long our logins last',
  async find({ source, target }) {
    const { found, passedOver } = await onBothSides({ source, target }, (reader) => reader.query(endingLogins()));
    const tell = ({ side, role, until }: (typeof found)[number]): string => `${side}: ${role} until ${until}`;
    const isSoon = ({ hours }: EndingLogin): boolean => hours < TOO_SOON_HOURS;
    const remedy =
      'Renew it, or use a role without an end: in PlanetScale a role without a time to live (Settings → Roles), elsewhere with "alter role … ' +
      "valid until 'infinity'\".";
    return [
      ...blocker({
        code: 'LoginEndsSoon',
        objects: found.filter(isSoon).map(tell),
        message:
          'These logins end within a day. A migration whose login ends can neither go on nor be switched, and a fence could not be lifted.',
        remedy,
      }),
      ...warning({
        code: 'LoginEnds',
        objects: found.filter((login) => !isSoon(login)).map(tell),
        message: 'These logins end by themselves. From then on the migration can neither go on nor be switched back.',
        remedy,
      }),
      ...passedOver,
    ];
  },
};
