/** Names of the state machines, in the order of the runbook. `engine/machines.ts` says what each does, and has to hold exactly these. */
export const MACHINE_NAMES = ['Preflight', 'Replicate', 'Pace', 'Cutover', 'Rollback', 'Recovery', 'Rotation', 'Cleanup'] as const;
export type MachineName = (typeof MACHINE_NAMES)[number];
