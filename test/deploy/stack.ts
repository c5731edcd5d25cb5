/** The stack as CloudFormation knows it, before and after it was taken away. */
import {
  DescribeStacksCommand,
  paginateDescribeStackEvents,
  paginateListStackResources,
  type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';
import { paginateListFunctions } from '@aws-sdk/client-lambda';
import { paginateListSecrets } from '@aws-sdk/client-secrets-manager';
import { paginateListStateMachines } from '@aws-sdk/client-sfn';
import { logGroups } from './logs.ts';
import type { Clients } from './site.ts';

export const STACK = 'AuroraToPlanetScale';

export interface DeployedStack {
  /** By which it is known even after its end. */
  readonly id: string;
  readonly resources: readonly StackResourceSummary[];
}

export async function findStack({ stacks: client }: Clients): Promise<DeployedStack> {
  const resources: StackResourceSummary[] = [];
  for await (const page of paginateListStackResources({ client }, { StackName: STACK }))
    resources.push(...(page.StackResourceSummaries ?? []));
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: STACK }));
  return { id: Stacks?.[0]?.StackId ?? '', resources };
}

/** Names of the resources of one type. */
export const namesOf = ({ resources }: DeployedStack, type: string): string[] =>
  resources.flatMap(({ ResourceType, PhysicalResourceId: id }) => (ResourceType === type && id !== undefined ? [id] : []));

/** Everything of an account that outlives its stack where something goes wrong, each by kind and name. */
export async function inventory(clients: Clients): Promise<string[]> {
  const found: string[] = [];
  const note = (kind: string, names: readonly (string | undefined)[] = []) => found.push(...names.map((name) => `${kind} ${name}`));
  for await (const page of paginateListFunctions({ client: clients.functions }, {}))
    note(
      'function',
      page.Functions?.map(({ FunctionName }) => FunctionName),
    );
  for await (const page of paginateListStateMachines({ client: clients.executions }, {}))
    note(
      'state machine',
      page.stateMachines?.map(({ name }) => name),
    );
  for await (const page of paginateListSecrets({ client: clients.secrets }, { IncludePlannedDeletion: true }))
    note(
      'secret',
      page.SecretList?.map(({ Name }) => Name),
    );
  note('log group', await logGroups(clients));
  return found.sort();
}

/** What of a stack that was deleted is not, by its own record. */
export async function notDeleted({ stacks: client }: Clients, { id, resources }: DeployedStack): Promise<string[]> {
  const deleted = new Set<string | undefined>();
  for await (const { StackEvents = [] } of paginateDescribeStackEvents({ client }, { StackName: id })) {
    for (const { ResourceStatus, LogicalResourceId } of StackEvents)
      if (ResourceStatus === 'DELETE_COMPLETE') deleted.add(LogicalResourceId);
  }
  return resources
    .filter(({ LogicalResourceId }) => !deleted.has(LogicalResourceId))
    .map(({ ResourceType, LogicalResourceId }) => `${ResourceType} ${LogicalResourceId}`);
}
