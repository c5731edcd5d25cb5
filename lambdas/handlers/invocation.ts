/** What Lambda tells about an invocation, as far as it matters here. */
export interface Invocation {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}
