/** The bucket in which reports are kept. */
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { NEWEST_JSON, NEWEST_PAGE, ownFolder } from '../../report/places.ts';
import { translateCommon } from './aws-errors.ts';

/** The clients of the function that writes reports. */
export const reportClients = (): { readonly executions: SFNClient; readonly metrics: CloudWatchClient; readonly store: S3Client } => ({
  ...{ executions: new SFNClient(), metrics: new CloudWatchClient(), store: new S3Client() },
});

/** A page and the same as JSON. */
export interface WrittenReport {
  readonly page: string;
  readonly json: string;
  /** When the migration began, ISO 8601. */
  readonly beganAt: string;
}

/** @throws InvalidConfiguration where the right is missing */
export async function storeReport(client: S3Client, bucket: string, { page, json, beganAt }: WrittenReport): Promise<void> {
  const folder = ownFolder(beganAt);
  const put = async (Key: string, Body: string, ContentType: string): Promise<void> => {
    try {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ContentType: `${ContentType}; charset=utf-8` }));
    } catch (error) {
      throw translateCommon(error, { action: 's3:PutObject', resource: `${bucket}/${Key}` }) ?? error;
    }
  };
  for (const prefix of [folder, '']) {
    await put(`${prefix}${NEWEST_JSON}`, json, 'application/json');
    await put(`${prefix}${NEWEST_PAGE}`, page, 'text/html');
  }
}
