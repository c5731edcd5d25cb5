/** Reads the secrets of the settings, each for its role, and refuses a secret that is in two roles. */
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type Environment, VARIABLE } from '../../config/environment.ts';
import { InvalidConfiguration } from '../../config/errors.ts';
import { doubleRoles, type SecretRole, type Spellings } from '../../config/secret-roles.ts';
import { readVersion } from './secrets.ts';

const SETTING = {
  source: VARIABLE.sourceSecret,
  target: VARIABLE.targetSecret,
  replication: VARIABLE.replicationSecret,
  application: VARIABLE.applicationSecret,
  applicationTarget: VARIABLE.applicationTargetSecret,
  applicationLogin: VARIABLE.applicationLogin,
  planetscaleToken: VARIABLE.planetscaleToken,
} as const satisfies Record<SecretRole, string>;
const ROLES = Object.keys(SETTING) as SecretRole[];

export interface RoleSecrets {
  /** The current text; empty while the secret has no value. @param secret as the setting spells it */
  read(role: SecretRole, secret: string): Promise<string>;
  /** @throws InvalidConfiguration where this complete ARN, as the service returns it, is that of a secret in another role */
  claim(role: SecretRole, arn: string): void;
}

/** @throws InvalidConfiguration where the settings themselves name one secret twice */
export function roleSecrets(client: SecretsManagerClient, environment: Environment): RoleSecrets {
  let known: Spellings = Object.fromEntries(
    ROLES.flatMap((role) => {
      const spelling = environment[SETTING[role]];
      return spelling ? [[role, [spelling]]] : [];
    }),
  );
  const demandSingle = (): void => {
    const doubled = doubleRoles(known);
    if (doubled.length === 0) return;
    throw new InvalidConfiguration(`${doubled.join(' ')} Nothing was touched; correct the settings, deploy again, then start again.`);
  };
  const claim = (role: SecretRole, arn: string): void => {
    known = { ...known, [role]: [...(known[role] ?? []), arn] };
    demandSingle();
  };
  demandSingle();
  return {
    async read(role, secret) {
      const version = await readVersion(client, secret);
      if (version) claim(role, version.arn);
      return version?.text ?? '';
    },
    claim,
  };
}
