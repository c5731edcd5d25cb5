/**
 * Where MiniStack 1.5.33 is not AWS, and what stands in its place. Nothing of the product knows of any of this.
 *
 * In the emulator itself, put right by `emulator.py` when it starts:
 * - An error of a function arrives without its name, by which machines retry and catch.
 * - `Ref` of a secret is its name instead of its ARN, and the name that it makes for one is not of AWS's form.
 * - Rules of security groups that are resources of their own are an unknown type.
 * - Rights on RDS are checked against an asterisk where a request names no cluster and no instance.
 * - The conditions secretsmanager:VersionStage, and aws:ResourceTag of a security group, are never met.
 * - A cluster parameter group is deleted although a cluster has it.
 * - Alarms on expressions are refused; they become records that never go off.
 * - With TLS it would take port 443 as well.
 *
 * In RDS, put in by `rds.ts` between the functions and the emulator:
 * - No server stands behind a cluster; here the cluster's endpoint is that of an embedded server.
 * - A cluster parameter group that was attached is in force at once; here it waits for a reboot of the instance.
 * - A reboot restarts nothing; here it restarts the source with the parameters of the attached group.
 *
 * In Lambda, by {@link bridgeFunctions} and by the emulator's environment (`site.ts`, `emulator.ts`), which its functions inherit:
 * - /var/runtime/ca-cert.pem, where AWS keeps the authorities of RDS, is not there: SOURCE_AUTHORITIES_FILE names another file.
 * - The target's certificate is signed by no public authority: NODE_EXTRA_CA_CERTS adds ours.
 * - PlanetScale's API is a stand-in: PLANETSCALE_API_URL, which the stack never sets, names it to the functions that have a token.
 * - Functions run on the Node.js that is first on the path, whatever their runtime says: it is 24, from the package "node". They run on
 *   this machine's architecture, and their memory and their network are the machine's own: neither the subnets nor the security
 *   groups are proved here.
 *
 * In front of RDS, without a bridge: a load balancer leads nowhere, so PlanetScale reaches the cluster by its public name, and behind a load
 * balancer only the follower is shown, which registers the writer's address.
 *
 * In Step Functions: seconds of Wait and Retry pass in a fiftieth of their time, and without jitter. An execution has no time limit.
 *
 * In CloudFormation: a resource that a function makes waits for an answer that never comes, so `keepReports` is not tried with `false`: then a function
 * of the CDK empties the bucket before it goes.
 *
 * Rights are checked for functions and for the CDK's own roles, but not for those of machines and of the rule.
 *
 * Not bridged, because the product does not depend on it: generated passwords hold punctuation although the template excludes it, a secret
 * that was made without a value has an empty one, KMS, X-Ray, and the logs of state machines.
 */
import { GetFunctionConfigurationCommand, type LambdaClient, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { VARIABLE } from '../../lambdas/config/environment.ts';
import type { Files } from './site.ts';

/** Names the file with the source's authority, and the stand-in of PlanetScale's API, to each of these functions that asks for them. */
export async function bridgeFunctions(
  client: LambdaClient,
  functions: readonly string[],
  { authority }: Files,
  api: string,
): Promise<void> {
  for (const FunctionName of functions) {
    const { Environment } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const variables: Record<string, string> = Environment?.Variables ?? {};
    const Variables: Record<string, string> = {
      ...variables,
      ...(variables[VARIABLE.sourceAuthorities] !== undefined && { [VARIABLE.sourceAuthorities]: authority }),
      ...(variables[VARIABLE.planetscaleToken] !== undefined && { [VARIABLE.planetscaleApi]: api }),
    };
    if (Object.keys(Variables).every((name) => Variables[name] === variables[name])) continue;
    await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
  }
}
