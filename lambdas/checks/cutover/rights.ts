/** Rights that our roles need on both sides for a switch, checked before anything is begun. */
import { CUTOVER } from '../../config/direction.ts';
import { grantRole, ownersWeCannotBecome, tablesNotOwned } from '../../postgres/rights.sql.ts';
import { allRightsOn, fenceLacks, publisherLacks, SUBSCRIBING_CAN_BE_GRANTED, subscriberLacks } from '../../postgres/rights.ts';
import { blocker, type Finding } from '../finding.ts';
import type { SwitchCheck } from './context.ts';

export const fenceRights: SwitchCheck = {
  name: 'rights to fence both sides',
  async find({ from, to }) {
    const objects: string[] = [];
    for (const side of [from, to]) {
      objects.push(...fenceLacks(side.name, await allRightsOn(side.reader)));
    }
    return blocker({
      code: 'FenceRightsMissing',
      objects,
      message: 'Our role could not keep the application from writing while the switch is under way.',
      remedy: "Grant it the role that owns the database, and pg_signal_backend; or use the cluster's master user.",
    });
  },
};

export const streamRights: SwitchCheck = {
  name: 'rights to make the next stream',
  async find(ctx) {
    const { input, from, to, history } = ctx;
    if (!input.reverse) return [];
    const tables = JSON.stringify((history.publication?.tables ?? []).map(({ schema, table }) => ({ schema, table })));
    const rights = await allRightsOn(from.reader);
    const asOwners = from.version >= SUBSCRIBING_CAN_BE_GRANTED ? await from.reader.query(ownersWeCannotBecome(tables)) : [];
    const unpublishable = await to.reader.query(tablesNotOwned(tables));
    const publisher = await allRightsOn(to.reader);
    const findings: Finding[] = [
      ...blocker({
        code: 'StreamRightsMissing',
        objects: [
          // The role that streams from the source was made by Replicate; the one on the target is made by the switch.
          ...publisherLacks(to.name, publisher, to.version, ctx.direction === CUTOVER),
          ...subscriberLacks(from.name, rights, from.version),
        ],
        message: `The switch could not make the stream from the ${to.name} back to the ${from.name}.`,
        remedy:
          'Grant the roles what they lack (on the source rds_superuser or, from version 16 on, pg_create_subscription); or switch with ' +
          '{"reverse": false}, without a way back.',
      }),
      ...blocker({
        code: 'TableOfAnotherOwner',
        objects: [
          ...asOwners.map(({ object, owner }) => `${from.name}: ${object} (owner ${owner})`),
          ...unpublishable.map(({ object, owner }) => `${to.name}: ${object} (owner ${owner})`),
        ],
        message: 'Only a role that may act as the owner of a table can publish it, and apply changes to it.',
        remedy: 'Grant the owners to our role on that side; or switch with {"reverse": false}, without a way back.',
        statements: [
          ...new Set([
            ...asOwners.map(({ owner }) => grantRole(owner, rights.role)),
            ...unpublishable.map(({ owner }) => grantRole(owner, publisher.role)),
          ]),
        ],
      }),
    ];
    return findings;
  },
};
