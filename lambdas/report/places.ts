/** Where reports stand in their bucket. The newest is always at the same place, so that links to it can be told beforehand. */

/** Keys of the newest report. */
export const NEWEST_PAGE = 'report.html';
export const NEWEST_JSON = 'report.json';

/** Each migration keeps its own under the moment at which it began: `2026-01-31T08-00-00Z/`. */
export const ownFolder = (beganAt: string): string => `${beganAt.slice(0, 19).replaceAll(':', '-')}Z/`;

/** The object's page in the console: a person who is signed in opens or loads it there. A presigned link would expire. */
export const consoleOf = (bucket: string, region: string): string =>
  `https://${region}.console.aws.amazon.com/s3/object/${bucket}?region=${region}&prefix=${NEWEST_PAGE}`;
