/**
 * The port `application` over Secrets Manager. The value that a rollback needs is kept inside the secret: the version that leads
 * to the source carries a staging label of our own, so Secrets Manager never deletes it.
 */
import {
  DescribeSecretCommand,
  type DescribeSecretCommandOutput,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { addressesIn, leadsTo, retargeted, usersIn } from '../../config/application-secret.ts';
import { InvalidConfiguration, type MigrationError } from '../../config/errors.ts';
import type { Address, ApplicationLogin } from '../../config/secrets.ts';
import type { SideName } from '../../config/side-name.ts';
import type { Application, FindMadeUser, MadeLogin, SecretObstacle } from '../../ports/application.ts';
import { ORIGINAL_LABEL } from '../../ports/application.ts';
import { translateCommon } from './aws-errors.ts';
import { obstaclesIn } from './secret-obstacles.ts';
import { readVersion, type SecretVersion } from './secrets.ts';

/** Addresses that the secret's value is compared with, and the login that is put into it. */
export interface ApplicationSides {
  /** Addresses of a side under which the application may know it. */
  readonly addresses: Readonly<Record<SideName, readonly Address[]>>;
  /** Further addresses of the source; asked for once, where a value leads to none of the others. @default - there are none */
  readonly furtherSources?: () => Promise<readonly Address[]>;
  /** The application's login at the target. */
  readonly login: ApplicationLogin;
}

/** A login that the migration makes for the application, in place of the one of {@link ApplicationSides}. */
export interface LoginToMake extends MadeLogin {
  /** See `ApplicationView.makesLogin`. */
  readonly role: string | undefined;
  /** Asks the target. */
  readonly find: FindMadeUser;
}

/**
 * @param find called when the first call needs it, and remembered: removing the label must not fail because of another secret
 * @param claim called with the secret's complete ARN once the sides are known; throws where it is that of one of their secrets
 * @param toMake the application's login at the target, where the migration makes it. @default - the login of the sides
 */
export function applicationPort(
  client: SecretsManagerClient,
  secret: string,
  find: () => Promise<ApplicationSides>,
  claim: (arn: string) => void = () => {},
  toMake?: LoginToMake,
): Application {
  const api = secretApi(client, secret);
  let found: Promise<ApplicationSides> | undefined;
  const sides = (): Promise<ApplicationSides> => {
    found ??= find().catch((error: unknown) => {
      found = undefined; // a passing failure must not be remembered
      throw error;
    });
    return found;
  };
  let further: Promise<readonly Address[]> | undefined;
  const sideOf = async ({ text, arn }: SecretVersion): Promise<SideName | 'elsewhere'> => {
    const value = addressesIn(text, secret);
    const { addresses, furtherSources = async () => [] } = await sides();
    claim(arn);
    if (leadsTo(value, addresses.source)) return 'source';
    if (leadsTo(value, addresses.target)) return 'target';
    further ??= furtherSources().catch((error: unknown) => {
      further = undefined;
      throw error;
    });
    return leadsTo(value, [...addresses.source, ...(await further)]) ? 'source' : 'elsewhere';
  };
  const userFor = async ({ text }: SecretVersion): Promise<string> =>
    (await toMake?.find(usersIn(text, secret))) ?? (await sides()).login.user;
  /** Found before the fence and remembered, so that it costs the switch itself nothing, and does not change with the secret meanwhile. */
  let login: Promise<ApplicationLogin> | undefined;
  const loginFor = (current: SecretVersion): Promise<ApplicationLogin> => {
    const findLogin = async (): Promise<ApplicationLogin> => {
      const { login: given } = await sides();
      const user = await toMake?.find(usersIn(current.text, secret));
      return toMake && user !== undefined ? { ...given, user, password: await toMake.password() } : given;
    };
    login ??= findLogin().catch((error: unknown) => {
      login = undefined;
      throw error;
    });
    return login;
  };
  /** Asked for before the fence and remembered, so that it costs the switch itself nothing. */
  let free: Promise<void> | undefined;
  const demandFree = (): Promise<void> => {
    free ??= api
      .describe()
      .then((described) => refuseFor(obstaclesIn(described), secret))
      .catch((error: unknown) => {
        free = undefined;
        throw error;
      });
    return free;
  };
  return {
    secret,
    obstacles: async () => obstaclesIn(await api.describe()),
    pointsAt: async () => sideOf(await api.current()),
    currentUsers: async () => usersIn((await api.current()).text, secret),
    async targetUser() {
      if (!toMake) return (await sides()).login.user;
      const current = await api.current();
      return (await sideOf(current)) === 'target' ? usersIn(current.text, secret)[0] : userFor(current);
    },
    makesLogin: toMake && { role: toMake.role },
    async sourceUsers() {
      const current = await api.current();
      if ((await sideOf(current)) === 'source') return usersIn(current.text, secret);
      return (await api.labelled()) === undefined ? [] : usersIn(await api.original(), secret);
    },
    isKept: async () => (await api.labelled()) !== undefined,
    async keepOriginal() {
      await demandFree();
      const current = await api.current();
      if ((await sideOf(current)) !== 'source') return;
      await loginFor(current);
      const labelled = await api.labelled();
      if (labelled !== current.id) await api.label({ to: current.id, from: labelled });
    },
    async pointAt(side) {
      const current = await api.current();
      if ((await sideOf(current)) === side) return;
      await demandFree();
      await api.put(side === 'target' ? retargeted(current.text, await loginFor(current), secret) : await api.original(), current);
    },
    async forgetOriginal() {
      const labelled = await api.labelled();
      if (labelled !== undefined) await api.label({ to: undefined, from: labelled });
    },
  };
}

/**
 * The calls on one secret, with errors of ours. A value that was written here is remembered here, because the service may return the value
 * before it for a moment: by that value a committed switch would seem not to be committed.
 */
function secretApi(client: SecretsManagerClient, secret: string) {
  let written: { readonly over: string; readonly version: SecretVersion } | undefined;
  let labelMovedTo: { readonly id: string | undefined } | undefined;
  const describe = (): Promise<DescribeSecretCommandOutput> =>
    client.send(new DescribeSecretCommand({ SecretId: secret })).catch(refusing('DescribeSecret', secret));
  return {
    async current(): Promise<SecretVersion> {
      const read = (await readVersion(client, secret)) ?? { id: '', text: '', arn: secret }; // the parser refuses an empty text
      return written?.over === read.id ? written.version : read;
    },
    describe,
    /** Id of the version with our label, without reading its content. */
    async labelled(): Promise<string | undefined> {
      if (labelMovedTo) return labelMovedTo.id;
      const { VersionIdsToStages = {} } = await describe();
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
    /** @param over the version that the new one replaces */
    async put(text: string, over: SecretVersion): Promise<void> {
      const { VersionId: id = '' } = await client
        .send(new PutSecretValueCommand({ SecretId: secret, SecretString: text }))
        .catch(refusing('PutSecretValue', secret));
      written = { over: over.id, version: { ...over, id, text } };
    },
    async label({ to, from }: { readonly to: string | undefined; readonly from: string | undefined }): Promise<void> {
      const moved = { VersionStage: ORIGINAL_LABEL, MoveToVersionId: to, RemoveFromVersionId: from };
      await client
        .send(new UpdateSecretVersionStageCommand({ SecretId: secret, ...moved }))
        .catch(refusing('UpdateSecretVersionStage', secret));
      labelMovedTo = { id: to };
    },
  };
}

function refuseFor(obstacles: readonly SecretObstacle[], secret: string): void {
  if (obstacles.length === 0) return;
  const reasons = obstacles.map(({ message, remedy }) => `${message} ${remedy}`).join(' ');
  throw new InvalidConfiguration(`The application's secret ${secret} was left as it is. ${reasons} Then start again.`);
}

/** Only the name of an unforeseen error is reported: the service's message about a value that it refuses may quote the value. */
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
