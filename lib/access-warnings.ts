/** Warnings of `cdk synth` about the way by which PlanetScale reaches the cluster. */
import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { MigrationConfig } from './config.ts';

export function warnAboutAccess(scope: Construct, config: MigrationConfig): void {
  const { access, publicAccess, allowAnyAddress, planetscaleEgress, planetscaleTokenSecretArn: token } = config;
  if (publicAccess !== undefined) {
    Annotations.of(scope).addWarningV2(
      'aurora-to-planetscale:publicAccess',
      `The setting publicAccess is called access now: give access "${access}" in place of publicAccess ${publicAccess}.`,
    );
  }
  if (access === 'own' || allowAnyAddress || planetscaleEgress.length > 0 || token !== undefined) return;
  Annotations.of(scope).addWarningV2(
    'aurora-to-planetscale:nobodyLetIn',
    `${access === 'public' ? 'The cluster becomes reachable' : 'The load balancer is there'}, but planetscaleEgress names no address, so PlanetScale is ` +
      'not let in unless a rule of your own does. Give planetscaleEgress the addresses of your PlanetScale database, or planetscaleTokenSecretArn ' +
      'a token with which the migration finds them, or acknowledge this warning.',
  );
}
