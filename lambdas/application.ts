/** What stands in for the application's secret and for the user's own function where none is configured. */
import type { Application, Hook } from './contract.ts';

export const noApplication: Application = {
  secret: undefined,
  pointsAt: async () => undefined,
  keepOriginal: async () => {},
  pointAt: async () => {},
  forgetOriginal: async () => {},
};

export const noHook: Hook = { call: async () => {} };
