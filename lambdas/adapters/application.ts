/**
 * The port `application` over Secrets Manager. What a switch needs in order to be undone is kept inside the secret: the version that leads
 * to the source carries a staging label of our own, which keeps it from ever being thrown away.
 */
import {
  DescribeSecretCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { ORIGINAL_LABEL } from '../application.ts';
import { addressesIn, leadsTo, retargeted, usersIn } from '../application-secret.ts';
import type { Application, SideName } from '../contract.ts';
import { InvalidConfiguration, type MigrationError } from '../errors.ts';
import type { Address, ApplicationLogin } from '../secrets.ts';
import { translateCommon } from './aws-errors.ts';
import { readVersion, type SecretVersion } from './secrets.ts';

/** What the secret's value is compared with, and what is put into it. */
export interface ApplicationSides {
  /** Every address of a side under which the application may know it. */
  readonly addresses: Readonly<Record<SideName, readonly Address[]>>;
  /** The application's login at the target. */
  readonly login: ApplicationLogin;
}

/** @param find called when the first call needs it, and remembered: letting go of the original must not fail because of another secret */
export function applicationPort(client: SecretsManagerClient, secret: string, find: () => Promise<ApplicationSides>): Application {
  const api = secretApi(client, secret);
  let found: Promise<ApplicationSides> | undefined;
  const sides = (): Promise<ApplicationSides> => {
    found ??= find().catch((error: unknown) => {
      found = undefined; // what fails for the moment may be asked again
      throw error;
    });
    return found;
  };
  const sideOf = async ({ text }: SecretVersion): Promise<SideName | 'elsewhere'> => {
    const value = addressesIn(text, secret);
    const { addresses } = await sides();
    if (leadsTo(value, addresses.source)) return 'source';
    return leadsTo(value, addresses.target) ? 'target' : 'elsewhere';
  };
  return {
    secret,
    pointsAt: async () => sideOf(await api.current()),
    currentUsers: async () => usersIn((await api.current()).text, secret),
    targetUser: async () => (await sides()).login.user,
    isKept: async () => (await api.labelled()) !== undefined,
    async keepOriginal() {
      const current = await api.current();
      if ((await sideOf(current)) !== 'source') return;
      const labelled = await api.labelled();
      if (labelled !== current.id) await api.label({ to: current.id, from: labelled });
    },
    async pointAt(side) {
      const current = await api.current();
      if ((await sideOf(current)) === side) return;
      await api.put(side === 'target' ? retargeted(current.text, (await sides()).login, secret) : await api.original());
    },
    async forgetOriginal() {
      const labelled = await api.labelled();
      if (labelled !== undefined) await api.label({ to: undefined, from: labelled });
    },
  };
}

/** The calls on one secret, each with its errors in our words. */
function secretApi(client: SecretsManagerClient, secret: string) {
  return {
    async current(): Promise<SecretVersion> {
      return (await readVersion(client, secret)) ?? { id: '', text: '' }; // refused for being empty, by whoever reads it
    },
    /** Id of the version with our label, without reading its content. */
    async labelled(): Promise<string | undefined> {
      const { VersionIdsToStages = {} } = await client
        .send(new DescribeSecretCommand({ SecretId: secret }))
        .catch(refusing('DescribeSecret', secret));
      return Object.entries(VersionIdsToStages).find(([, labels]) => labels.includes(ORIGINAL_LABEL))?.[0];
    },
    async original(): Promise<string> {
      const kept = await readVersion(client, secret, ORIGINAL_LABEL);
      if (kept) return kept.text;
      throw new InvalidConfiguration(
        `No version of the secret ${secret} carries the label ${ORIGINAL_LABEL}, so the value that led to the source is not known any ` +
          'more. The secret was left as it is. Put in by hand the connection of the source, then start again.',
      );
    },
    async put(text: string): Promise<void> {
      await client.send(new PutSecretValueCommand({ SecretId: secret, SecretString: text })).catch(refusing('PutSecretValue', secret));
    },
    async label({ to, from }: { readonly to: string | undefined; readonly from: string | undefined }): Promise<void> {
      const moved = { VersionStage: ORIGINAL_LABEL, MoveToVersionId: to, RemoveFromVersionId: from };
      await client
        .send(new UpdateSecretVersionStageCommand({ SecretId: secret, ...moved }))
        .catch(refusing('UpdateSecretVersionStage', secret));
    },
  };
}

/** Only the name of an unforeseen error is told: what a service says about a value that it refuses may quote the value. */
const refusing =
  (operation: string, secret: string) =>
  (error: unknown): never => {
    const action = `secretsmanager:${operation}`;
    throw translateCommon(error, { action, resource: secret }) ?? unforeseen(action, secret, (error as Error).name);
  };

const unforeseen = (action: string, secret: string, name: string): MigrationError =>
  new InvalidConfiguration(
    `${action} on the application's secret ${secret} was refused (${name}), and the secret was left as it is. If a KMS key of your own ` +
      'encrypts it, name the key in the setting applicationSecretKeyArn and deploy again, then start again.',
  );
