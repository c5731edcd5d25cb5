/** The order in which a rehearsal runs the machines: everything that a migration may come to, there, back, and there again. */
import type { SideName } from '../lambdas/config/side-name.ts';
import type { MachineName } from '../lambdas/engine/machines.ts';

const COURSE: readonly MachineName[] = ['Preflight', 'Replicate', 'Cutover', 'Rollback', 'Cutover', 'Cleanup'];

/** Machines at which a rehearsal may stop: after their first run, or at the end. */
export const STOPS: readonly MachineName[] = [...new Set(COURSE)];

/** The machines to run. @param last all before it included */
export const courseUntil = (last: MachineName): readonly MachineName[] => COURSE.slice(0, COURSE.indexOf(last) + 1);

/** The machines that switch the application, by the side that they switch it to. */
export const LEADS_TO: Readonly<Partial<Record<MachineName, SideName>>> = { Cutover: 'target', Rollback: 'source' };

export const otherSide = (side: SideName): SideName => (side === 'source' ? 'target' : 'source');
