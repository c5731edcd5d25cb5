/** The stack as CloudFormation knows it, before and after it was taken away. */
import {
  paginateDescribeStackEvents,
  paginateListStackResources,
  paginateListStacks,
  type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';
import { paginateListFunctions } from '@aws-sdk/client-lambda';
import { paginateListSecrets } from '@aws-sdk/client-secrets-manager';
import { paginateListStateMachines } from '@aws-sdk/client-sfn';
import { logGroups } from './logs.ts';
import type { Clients } from './site.ts';

export const STACK = 'AuroraToPlanetScale';

export async function resourcesOf({ stacks: client }: Clients): Promise<StackResourceSummary[]> {
  const found: StackResourceSummary[] = [];
  for await (const page of paginateListStackResources({ client }, { StackName: STACK })) found.push(...(page.StackResourceSummaries ?? []));
  return found;
}

/** Names of the resources of one type. */
export const namesOf = (resources: readonly StackResourceSummary[], type: string): string[] =>
  resources.flatMap(({ ResourceType, PhysicalResourceId: id }) => (ResourceType === type && id !== undefined ? [id] : []));

export async function stackId({ stacks: client }: Clients): Promise<string> {
  for await (const { StackSummaries = [] } of paginateListStacks({ client }, {})) {
    const found = StackSummaries.find(({ StackName, StackStatus }) => StackName === STACK && StackStatus !== 'DELETE_COMPLETE');
    if (found?.StackId !== undefined) return found.StackId;
  }
  throw new Error(`There is no stack ${STACK}.`);
}

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

/** What of a stack that was deleted is not, by its own record. @param id the stack's id, by which it is still known */
export async function notDeleted({ stacks: client }: Clients, id: string, resources: readonly StackResourceSummary[]): Promise<string[]> {
  const deleted = new Set<string | undefined>();
  for await (const { StackEvents = [] } of paginateDescribeStackEvents({ client }, { StackName: id })) {
    for (const { ResourceStatus, LogicalResourceId } of StackEvents)
      if (ResourceStatus === 'DELETE_COMPLETE') deleted.add(LogicalResourceId);
  }
  return resources
    .filter(({ LogicalResourceId }) => !deleted.has(LogicalResourceId))
    .map(({ ResourceType, LogicalResourceId }) => `${ResourceType} ${LogicalResourceId}`);
}
