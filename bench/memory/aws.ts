/** A stand-in for the AWS APIs that the functions call, on 127.0.0.1: secrets, a cluster that is as it should be, and no other execution. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AwsStandIn {
  readonly url: string;
  close(): void;
}

const CLUSTER = `<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters><DBCluster>
<DBClusterIdentifier>bench</DBClusterIdentifier><Status>available</Status><EngineVersion>15.4</EngineVersion><DBClusterParameterGroup>group</DBClusterParameterGroup>
<DBClusterMembers><DBClusterMember><DBInstanceIdentifier>bench-1</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter>
<DBClusterParameterGroupStatus>in-sync</DBClusterParameterGroupStatus></DBClusterMember></DBClusterMembers>
</DBCluster></DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>`;
const INSTANCES = `<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>
<DBInstanceIdentifier>bench-1</DBInstanceIdentifier><DBInstanceStatus>available</DBInstanceStatus>
</DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>`;

/** @param secrets texts by name */
export async function startAws(secrets: Readonly<Record<string, string>>): Promise<AwsStandIn> {
  const server = createServer(async (request, response) => {
    let asked = '';
    for await (const chunk of request) asked += chunk;
    const target = String(request.headers['x-amz-target'] ?? '');
    if (target === '') {
      response.setHeader('content-type', 'text/xml').end(asked.includes('DescribeDBClusters') ? CLUSTER : INSTANCES);
    } else {
      const answer = target.startsWith('AWSStepFunctions')
        ? { executions: [] }
        : { SecretString: secrets[JSON.parse(asked).SecretId], VersionId: '1' };
      response.setHeader('content-type', 'application/x-amz-json-1.0').end(JSON.stringify(answer));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}
