/** What the function that writes reports has written when the migration is over: it stays when the stack has gone. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteBucketCommand, DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { MigrationReport } from '../../lambdas/report/model.ts';
import type { Clients } from './site.ts';
import { type DeployedStack, namesOf } from './stack.ts';

export interface WrittenReport {
  readonly bucket: string;
  readonly page: string;
  readonly json: string;
}

const LOOK_AGAIN_MS = 200;
const PATIENCE_MS = 60_000;

/** Waits for the report of the whole migration, which the rule's call of the function writes after the end of `Cleanup`. */
export async function reportAtTheEnd({ store }: Clients, stack: DeployedStack): Promise<WrittenReport> {
  const [bucket = ''] = namesOf(stack, 'AWS::S3::Bucket');
  const textOf = async (key: string): Promise<string> => {
    const { Body } = await store.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return (await Body?.transformToString()) ?? '';
  };
  for (const deadline = performance.now() + PATIENCE_MS; ; ) {
    const [json, page] = await Promise.all(['report.json', 'report.html'].map((key) => textOf(key).catch(() => '')));
    const found = json ? (JSON.parse(json) as MigrationReport) : undefined;
    if (found?.outcome.code === 'cleaned up' && page?.includes(found.writtenAt)) {
      tellsOfAll(found, page);
      return { bucket, page, json: json ?? '' };
    }
    assert.ok(performance.now() < deadline, `No report of the whole migration was written: ${found?.outcome.says ?? 'there is none'}`);
    await sleep(LOOK_AGAIN_MS);
  }
}

function tellsOfAll(report: MigrationReport, page: string): void {
  assert.equal(report.outcome.code, 'cleaned up');
  assert.deepEqual(
    report.switches.map(({ to }) => to),
    ['target', 'source', 'target'],
  );
  assert.ok(report.switches.every(({ fencedMs, parts }) => fencedMs !== null && parts.length > 0));
  assert.ok((report.comparison?.tables ?? 0) > 0 && report.comparison?.different.length === 0);
  assert.ok(report.forecast.some(({ name, forecast }) => name === 'tableBytes' && forecast !== null));
  assert.ok(report.executions.every(({ states }) => states.length > 0));
  assert.ok(page.includes('<svg') && page.includes(report.answers.without.slice(0, 20)));
}

/** The bucket has to be there still, with the report in it. Takes it away. */
export async function takeAway({ store }: Clients, { bucket }: WrittenReport): Promise<void> {
  const { Contents = [] } = await store.send(new ListObjectsV2Command({ Bucket: bucket }));
  assert.equal(Contents.length, 4, 'The reports did not outlive the stack.');
  for (const { Key } of Contents) await store.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
  await store.send(new DeleteBucketCommand({ Bucket: bucket }));
}
