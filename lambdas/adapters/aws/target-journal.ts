/** The journal of PlanetScale's branch: tags of the token's secret. */
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type TargetJournal, WITHOUT_TOKEN } from '../../ports/planetscale.ts';

export const targetJournalPort = (_client: SecretsManagerClient, _token: string, stack: string): TargetJournal => ({
  ...WITHOUT_TOKEN.targetJournal,
  stack,
});
