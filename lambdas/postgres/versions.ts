/** Aurora 16.1 decodes wrongly; 16.2 is the first that does not. `engineVersion` is RDS's, or the server's own where it is not managed. */
export const decodesWrongly = (engineVersion: string): boolean => /^16\.1(?!\d)/.test(engineVersion);
