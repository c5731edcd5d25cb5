/** What our roles on both sides have to be allowed for a switch, found out before anything is begun. */
import type { Reader } from '../contract.ts';
import { type Finding, listed } from '../readiness/findings.ts';
import { mayCreateReplicationRole, rightsOn } from '../readiness/rights.ts';
import { grantRole, ownersWeCannotBecome, type RoleRights } from '../sql/rights.ts';
import { type SwitchRights, switchRights, tablesNotOwned } from '../sql/switch-rights.ts';
import { OVER } from '../switch/direction.ts';
import type { Side, SwitchCheck, SwitchScene } from './scene.ts';

/** From here on a role without superuser rights may subscribe, and applies changes as the owner of each table. */
const SUBSCRIBING_CAN_BE_GRANTED = 16;

async function allRightsOn(reader: Reader): Promise<RoleRights & SwitchRights> {
  const [rights] = await reader.query(switchRights());
  if (!rights) throw new Error('the server does not show the rights of the connected role');
  return { ...(await rightsOn(reader)), ...rights };
}

const lacking = ({ name }: Side, { role }: RoleRights, wanted: Readonly<Record<string, boolean>>): string[] =>
  Object.entries(wanted).flatMap(([right, granted]) => (granted ? [] : [`${name}: ${role} may not ${right}`]));

export const fenceRights: SwitchCheck = {
  name: 'rights to fence both sides',
  async find({ leaving, arriving }) {
    const objects: string[] = [];
    for (const side of [leaving, arriving]) {
      const rights = await allRightsOn(side.reader);
      objects.push(
        ...lacking(side, rights, {
          'alter the database (it is not its owner)': rights.superuser || rights.ownsDatabase,
          "end others' sessions (it is no member of pg_signal_backend)": rights.superuser || rights.signals,
        }),
      );
    }
    return listed({
      code: 'FenceRightsMissing',
      severity: 'blocker',
      objects,
      message: 'Our role could not keep the application from writing while the switch is under way.',
      remedy: "Grant it the role that owns the database, and pg_signal_backend; or use the cluster's master user.",
    });
  },
};

const mayReplicate = (rights: RoleRights): boolean => rights.superuser || rights.replicates || rights.rdsReplication.used;

/** The role that streams from the source was made by Replicate; the one on the target is made by the switch. */
async function publisherLacks({ arriving, direction }: SwitchScene): Promise<string[]> {
  const rights = await allRightsOn(arriving.reader);
  return lacking(arriving, rights, {
    'make a role that replicates': direction !== OVER || mayCreateReplicationRole(rights, arriving.version),
    'make a replication slot': mayReplicate(rights),
    'make a publication in the database': rights.createsInDatabase,
  });
}

async function subscriberLacks({ leaving }: SwitchScene): Promise<string[]> {
  const rights = await allRightsOn(leaving.reader);
  const granted = leaving.version >= SUBSCRIBING_CAN_BE_GRANTED && rights.createsSubscriptions;
  return lacking(leaving, rights, {
    'make a subscription': rights.superuser || rights.isRdsSuperuser || granted,
    'make anything in the database': rights.createsInDatabase,
  });
}

export const streamRights: SwitchCheck = {
  name: 'rights to make the next stream',
  async find(scene) {
    const { input, leaving, arriving, history } = scene;
    if (!input.reverse) return [];
    const tables = JSON.stringify((history.publication?.tables ?? []).map(({ schema, table }) => ({ schema, table })));
    const rights = await allRightsOn(leaving.reader);
    const asOwners = leaving.version >= SUBSCRIBING_CAN_BE_GRANTED ? await leaving.reader.query(ownersWeCannotBecome(tables)) : [];
    const unpublishable = await arriving.reader.query(tablesNotOwned(tables));
    const publisher = await allRightsOn(arriving.reader);
    const findings: Finding[] = [
      ...listed({
        code: 'StreamRightsMissing',
        severity: 'blocker',
        objects: [...(await publisherLacks(scene)), ...(await subscriberLacks(scene))],
        message: `The switch could not make the stream from the ${arriving.name} back to the ${leaving.name}.`,
        remedy:
          'Grant the roles what they lack (on the source rds_superuser or, from version 16 on, pg_create_subscription); or switch with ' +
          '{"reverse": false}, without a way back.',
      }),
      ...listed({
        code: 'TableOfAnotherOwner',
        severity: 'blocker',
        objects: [
          ...asOwners.map(({ object, owner }) => `${leaving.name}: ${object} (owner ${owner})`),
          ...unpublishable.map(({ object, owner }) => `${arriving.name}: ${object} (owner ${owner})`),
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
