/** What a later switch needs for the reverse stream. The operator should know before the copy, not after weeks of it. */
import { subscriptionName } from '../../config/names.ts';
import type { Route } from '../../ports/replication.ts';
import { allRightsOn, loginAtTarget, publisherLacks, subscriberLacks } from '../../postgres/rights.ts';
import { isBeyond, knowsPublisher, whyUnknown } from '../../replication/connection.ts';
import { LITTLE_WAL_MB } from '../../target/settings.ts';
import { blocker, type Finding, listed, warning } from '../finding.ts';
import { onTargetIfKnown } from '../known.ts';
import type { CheckContext, ReadinessCheck } from './context.ts';
import { PUBLISHER_SETTINGS, publisherRoomOn } from './publisher-room.ts';
import { numberOf } from './settings.ts';
import { settingIn } from './target-plan.ts';
import { targetSettings } from './target-settings.ts';

/** Hosts by PrivateLink, which lead to an endpoint in one VPC. */
const PRIVATE_HOST = /\.private-pg\.psdb\.cloud$/i;

/** The last sentence of a finding about the reverse stream. */
const WITHOUT = 'Or start with {"reverse": false}, and switch with it, without a way back.';

export const wayBack: ReadinessCheck = {
  name: 'the stream back to the source',
  async find({ sourceVersion, wayBack: way, input }) {
    if (!input.reverse) return [];
    const route = await way.route(sourceVersion);
    return [
      ...warning({
        code: 'WayBackNotVerified',
        objects: knowsPublisher(route, sourceVersion) ? [] : [`source: PostgreSQL ${sourceVersion}`],
        message: `The stream back after a switch is encrypted, but ${whyUnknown(route, sourceVersion)}.`,
        remedy:
          'Nothing has to be done now. Cutover wants the choice said: {"reverse": true} consents, {"reverse": false} goes without a way back. Or ' +
          `upgrade the cluster to ${route.channelBinding ? '13' : '16'} or newer first.`,
      }),
      ...cannotVerify(route, sourceVersion, 'warning'),
      ...warning({
        code: 'WayBackByPrivateHost',
        objects: PRIVATE_HOST.test(route.host) ? [route.host] : [],
        message:
          'The source would reach the target by the private host, which leads to an endpoint in one VPC. Where the cluster does not resolve it, there is no stream back.',
        remedy:
          'Put the public host into the target secret as "publicHost", or deploy with it as reverseHost. Where the cluster is to use the endpoint, too, ' +
          'nothing has to be done: CheckNetwork tries it before the copy.',
      }),
    ];
  },
};

/** The finding where the deployment asks for a verification that the source's libpq does not support. */
export const cannotVerify = (route: Route, sourceVersion: number, severity: Finding['severity']): readonly Finding[] =>
  listed({
    code: 'WayBackCannotVerify',
    severity,
    objects: isBeyond(route, sourceVersion) ? [`reverseSslmode: ${route.sslmode}`] : [],
    message: `A server of version ${sourceVersion} finds no authorities to verify the target's certificate against, so the stream back could not be made.`,
    remedy: 'Deploy with reverseSslmode=require, or without that setting; or switch with {"reverse": false}, without a way back.',
  });

export const wayBackRights: ReadinessCheck = {
  name: 'rights for the stream back to the source',
  async find(ctx) {
    const { source, sourceVersion, input } = ctx;
    if (!input.reverse) return [];
    return [
      ...(await onTargetIfKnown(() => lackedByPublisher(ctx))),
      ...blocker({
        code: 'WayBackRightsMissing',
        objects: subscriberLacks('source', await allRightsOn(source), sourceVersion),
        message: 'A switch could not make the stream back: the source would have to subscribe to the target.',
        remedy: `Use the cluster's master user in the source secret, or grant our role what is lacking. ${WITHOUT}`,
      }),
    ];
  },
};

async function lackedByPublisher({ target, targetVersion }: CheckContext): Promise<readonly Finding[]> {
  const onTarget = await allRightsOn(target);
  return blocker({
    code: 'WayBackRightsMissing',
    objects: publisherLacks('target', onTarget, targetVersion, true),
    message: 'A switch could not make the stream back: it takes CREATEROLE and REPLICATION, in one role, at the target. The copy does not.',
    remedy: `${loginAtTarget(onTarget)} ${WITHOUT}`,
  });
}

export const wayBackRoom: ReadinessCheck = {
  name: 'room on the target for the stream back',
  async find(ctx) {
    const { source, target, input } = ctx;
    if (!input.reverse) return [];
    const { values, told } = await targetSettings(ctx, [...PUBLISHER_SETTINGS, 'max_slot_wal_keep_size']);
    const { walLevel, full } = await publisherRoomOn('target', target, subscriptionName(source.endpoint.database, 'reverse'), values);
    const notTold = (objects: readonly string[]): readonly string[] => objects.filter((object) => !told.has(settingIn(object)));
    const kept = numberOf(values, 'max_slot_wal_keep_size');
    const restart = 'That restarts the cluster by a switchover, which ends every connection: so before the copy.';
    return [
      ...blocker({
        code: 'TargetWalLevelNotLogical',
        objects: notTold(walLevel),
        message: 'The target does not decode its WAL logically, so it could send nothing back after a switch.',
        remedy: `Set wal_level to logical in PlanetScale (Clusters → Parameters). ${restart} ${WITHOUT}`,
      }),
      ...blocker({
        code: 'TargetHasNoRoomForSlot',
        objects: notTold(full),
        message: 'The stream back takes a slot and a sender on the target.',
        remedy: `Raise the setting in PlanetScale (Clusters → Parameters), or drop slots that are not needed any more. ${restart} ${WITHOUT}`,
      }),
      ...warning({
        code: 'TargetKeepsLittleWal',
        objects: notTold(kept === -1 || kept > LITTLE_WAL_MB ? [] : [`target: max_slot_wal_keep_size = ${kept} MB`]),
        message:
          'After a switch the target keeps no more WAL than this for the source. If the source cannot take changes for as long as the ' +
          'application takes to write so much, the slot is given up, and with it the way back.',
        remedy: `Raise max_slot_wal_keep_size above ${LITTLE_WAL_MB} MB in PlanetScale (Clusters → Parameters), as far as its disk allows; it takes no restart.`,
      }),
    ];
  },
};
