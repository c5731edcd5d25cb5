/** Secrets Manager as far as labels and versions go, behind the SDK's client: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html */
import {
  DescribeSecretCommand,
  type DescribeSecretCommandOutput,
  GetSecretValueCommand,
  InvalidParameterException,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { AwsStub } from 'aws-sdk-client-mock';

interface Version {
  readonly text: string;
  readonly labels: Set<string>;
}

export interface KeptSecret {
  /** The text that an application would read. */
  current(): string;
  /** The text with a label. */
  labelled(label: string): string | undefined;
  /** As a person would in the console. */
  put(text: string): void;
  readonly versions: ReadonlyMap<string, Version>;
}

const $metadata = {};
// biome-ignore lint/suspicious/noExplicitAny: the stub's own type parameters, which nothing here depends on
type Stub = AwsStub<any, any, any>;

/** Answers every call on this one secret. Calls that the service would refuse are refused. @param described what DescribeSecret tells beside the versions */
export function keepSecret(api: Stub, arn: string, first?: string, described: Partial<DescribeSecretCommandOutput> = {}): KeptSecret {
  const versions = new Map<string, Version>();
  const withLabel = (label: string) => [...versions].find(([, { labels }]) => labels.has(label));
  const move = (label: string, id: string) => {
    for (const { labels } of versions.values()) labels.delete(label);
    versions.get(id)?.labels.add(label);
  };
  /** The first version gets AWSCURRENT whatever is said. */
  const put = (text: string, token?: string, labels: readonly string[] = ['AWSCURRENT']): string => {
    const id = token ?? `version-${versions.size + 1}`;
    const there = versions.get(id);
    if (there?.text === text) return id;
    if (there) throw new ResourceExistsException({ message: `The version ${id} has another value.`, $metadata });
    versions.set(id, { text, labels: new Set() });
    for (const label of versions.size === 1 ? ['AWSCURRENT', ...labels] : labels) {
      const before = label === 'AWSCURRENT' ? withLabel(label) : undefined;
      if (before) move('AWSPREVIOUS', before[0]);
      move(label, id);
    }
    return id;
  };
  if (first !== undefined) put(first);

  api.on(GetSecretValueCommand, { SecretId: arn }).callsFake(async ({ VersionStage: label = 'AWSCURRENT' }) => {
    const found = withLabel(label);
    const message = `Secrets Manager can't find the specified secret value for staging label: ${label}`;
    if (!found) throw new ResourceNotFoundException({ message, $metadata });
    return { SecretString: found[1].text, VersionId: found[0] };
  });
  api.on(DescribeSecretCommand, { SecretId: arn }).callsFake(async () => ({
    ...described,
    VersionIdsToStages: Object.fromEntries([...versions].flatMap(([id, { labels }]) => (labels.size > 0 ? [[id, [...labels]]] : []))),
  }));
  api.on(PutSecretValueCommand, { SecretId: arn }).callsFake(async ({ SecretString, ClientRequestToken, VersionStages }) => ({
    VersionId: put(SecretString, ClientRequestToken, VersionStages),
  }));
  api
    .on(UpdateSecretVersionStageCommand, { SecretId: arn })
    .callsFake(async ({ VersionStage: label, MoveToVersionId, RemoveFromVersionId }) => {
      const holder = withLabel(label)?.[0];
      if (holder !== RemoveFromVersionId) {
        throw new InvalidParameterException({ message: 'RemoveFromVersionId must name the version that has the label.', $metadata });
      }
      if (MoveToVersionId !== undefined && label === 'AWSCURRENT' && holder !== undefined) move('AWSPREVIOUS', holder);
      if (MoveToVersionId !== undefined) move(label, MoveToVersionId);
      else if (holder !== undefined) versions.get(holder)?.labels.delete(label);
      return {};
    });
  return {
    versions,
    current: () => withLabel('AWSCURRENT')?.[1].text ?? '',
    labelled: (label) => withLabel(label)?.[1].text,
    put: (text) => {
      put(text);
    },
  };
}
