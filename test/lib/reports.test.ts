/** The bucket of the reports, the function that writes them, and everything that leads to them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import { afterAll, describe, expect, it } from 'vitest';
import { VARIABLE } from '../../lambdas/config/environment.ts';
import type { MachineName } from '../../lambdas/engine/machines.ts';
import { bundleReport } from '../../lib/bundle.ts';
import { synthesized } from '../support/synthesized.ts';

const { template, definitionOf, idOf } = synthesized();
const bucketId = idOf('ReportBucket/Bucket/Resource');

describe('the bucket of the reports', () => {
  it('is private, encrypted, and keeps a report for 90 days, or for as many as are set', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: {
        ...{ BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 90, Status: 'Enabled' }] },
    });
    synthesized({ reportDays: '7' }).template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 7 }] },
    });
  });

  it('refuses whoever comes without TLS, and grants nothing else', () => {
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: [
          { Effect: 'Deny', Action: 's3:*', Principal: { AWS: '*' }, Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
          { Effect: 'Deny', Action: 's3:*', Principal: { AWS: '*' }, Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } },
        ].map((statement) => Match.objectLike(statement)),
      },
    });
  });

  it('outlives the stack, unless the setting says otherwise', () => {
    template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    synthesized({ keepReports: 'false' }).template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
  });

  it('is not emptied before the function that writes into it has gone, which goes after what holds the cluster', () => {
    const { template: going, idOf: at } = synthesized({ keepReports: 'false' });
    const dependsOn = (id: string): string[] => going.toJSON().Resources[id]?.DependsOn ?? [];
    const [emptying = ''] = Object.keys(going.findResources('Custom::S3AutoDeleteObjects'));
    expect(dependsOn(at('Report/Writer/Function/Resource'))).toContain(emptying);
    expect(dependsOn(at('ParameterGroup'))).toContain(at('Report/Writer/Function/Resource'));
  });
});

describe('the function that writes reports', () => {
  it('may read the executions and the metrics, write into the bucket, and nothing else', () => {
    const statements = template.toJSON().Resources[idOf('Report/Writer/Role/DefaultPolicy/Resource')].Properties.PolicyDocument.Statement;
    const actions = statements.flatMap(({ Action }: { Action: string | string[] }) => Action);
    expect(actions.toSorted()).toEqual([
      ...['cloudwatch:GetMetricData', 'logs:CreateLogStream', 'logs:PutLogEvents', 's3:PutObject'],
      ...['states:DescribeExecution', 'states:GetExecutionHistory', 'states:ListExecutions'],
    ]);
  });

  it('is in no network, and is called when an execution of a machine that acts, or foretells, has ended', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Handler: 'handler.report',
      VpcConfig: Match.absent(),
      Environment: { Variables: Match.objectLike({ [VARIABLE.reports]: { Ref: bucketId } }) },
    });
    const writer = idOf('Report/Writer/Function/Resource');
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: Match.objectLike({ detail: Match.objectLike({ status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'] }) }),
      Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [writer, 'Arn'] } })],
    });
  });
});

describe('the way to a report', () => {
  const ends = (name: MachineName): unknown => Object.entries(definitionOf(name).States).find(([state]) => state === 'NameReport')?.[1];

  it.each(['Cutover', 'Rollback', 'Cleanup'] as const)('is told at the end of %s', (name) => {
    expect(ends(name)).toMatchObject({ Type: 'Pass', ResultPath: '$.report', Next: 'Done' });
    expect(JSON.stringify(ends(name))).toContain('/s3/object/');
  });

  it.each(['Preflight', 'Replicate', 'Recovery', 'Rotation', 'Pace'] as const)('is not told by %s, whose end is not an end', (name) => {
    expect(ends(name)).toBeUndefined();
  });

  it('is told by the outputs, the notices and the dashboard', () => {
    const page = template.findOutputs('ReportConsole').ReportConsole?.Value;
    expect(JSON.stringify(page)).toContain('report.html');
    template.hasResourceProperties('AWS::Lambda::Function', {
      Handler: 'handler.notice',
      Environment: { Variables: Match.objectLike({ [VARIABLE.reportPage]: page }) },
    });
    const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
    expect(JSON.stringify(dashboard?.Properties.DashboardBody)).toContain(bucketId);
  });
});

describe('the bundle of the function that writes reports', () => {
  const folder = mkdtempSync(join(tmpdir(), 'report-bundle-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('stands for itself, with the charts and without drivers of a database', () => {
    bundleReport(folder);
    expect(readdirSync(folder).toSorted()).toEqual(['handler.js', 'handler.js.map']);
    const text = readFileSync(join(folder, 'handler.js'), 'utf8');
    expect(text).not.toContain('pg_catalog');
    expect(text).not.toContain('CreateMultipartUpload');
    expect(statSync(join(folder, 'handler.js')).size).toBeLessThan(3 * 1024 * 1024);
  });
});
