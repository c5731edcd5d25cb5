/** What stands in for the application's secret and for the user's own function where none is configured, and a name of ours in the secret. */
import type { Application, Hook } from './contract.ts';

/** Staging label, beside AWSCURRENT and AWSPREVIOUS, of the version that led to the source: one with a label is never thrown away. */
export const ORIGINAL_LABEL = 'planetscale-migration-source';

export const noApplication: Application = {
  secret: undefined,
  pointsAt: async () => undefined,
  keepOriginal: async () => {},
  pointAt: async () => {},
  isKept: async () => false,
  forgetOriginal: async () => {},
};

export const noHook: Hook = { call: async () => {} };
