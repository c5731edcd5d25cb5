/** The bucket with the reports: private, encrypted, reached by TLS alone, and of as many days as is set. It outlives the stack unless that is not wanted. */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { consoleOf } from '../lambdas/report/places.ts';
import { allowUnloggedBucket } from './exceptions.ts';

export interface ReportBucketProps {
  /** For which a report is kept. */
  readonly days: number;
  /** Whether it stays when the stack is destroyed. */
  readonly keep: boolean;
}

export class ReportBucket extends Construct {
  readonly bucket: Bucket;
  /** Where a person finds the newest report. */
  readonly page: string;

  constructor(scope: Construct, id: string, { days, keep }: ReportBucketProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED, // a report holds names, numbers and the keys of rows that differ; a key of our own would cost a dollar a month
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [{ expiration: Duration.days(days), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      removalPolicy: keep ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      autoDeleteObjects: !keep,
    });
    allowUnloggedBucket(
      this.bucket,
      'Who reads a report is in CloudTrail where data events are wanted; a bucket of logs would outlive the stack, too.',
    );
    this.page = consoleOf(this.bucket.bucketName, Stack.of(this).region);
  }
}
