/** Whether roles may do on the side switched to what they may on the side switched from: carried owners, grants, memberships and settings. */
import { CUTOVER } from '../../config/direction.ts';
import { atMost } from '../../config/listing.ts';
import { type AccessDifference, differenceInWords } from '../../roles/access-difference.ts';
import { accessDifferences } from '../../roles/compare.ts';
import { type Finding, listed, onTarget, warning } from '../finding.ts';
import type { SwitchCheck, SwitchCheckContext } from './context.ts';

const MOST_SHOWN = 100;

const inWords = (differences: readonly AccessDifference[]): string[] => atMost(MOST_SHOWN, differences.map(differenceInWords));

/** On the side switched to. */
function statementsOf(differences: readonly AccessDifference[], { to }: Pick<SwitchCheckContext, 'to'>): readonly string[] {
  const all = differences.flatMap(({ mend }) => mend[to.name] ?? []);
  return atMost(
    MOST_SHOWN,
    [...new Set(all)].map((one) => (to.name === 'target' ? onTarget(one) : one)),
  );
}

/** Where everything belongs to our role there is nothing to compare. A rollback is for emergencies, so there the differences are warnings. */
export const access: SwitchCheck = {
  name: 'owners, grants and settings of both sides',
  async find(ctx): Promise<readonly Finding[]> {
    const differences = (await accessDifferences(ctx.source, ctx.target, ctx.exclusions)) ?? [];
    const carried = differences.filter(({ ofTarget }) => !ofTarget);
    const own = differences.filter(({ ofTarget }) => ofTarget);
    return [
      ...listed({
        code: 'AccessDiffers',
        severity: ctx.direction === CUTOVER ? 'blocker' : 'warning',
        objects: inWords(carried),
        message:
          'Roles may not do the same on both sides, or own other objects, or have other settings: since the copy something was granted, revoked or ' +
          'set on one side alone. Values of settings are not shown.',
        remedy: `Run the statements on the ${ctx.to.name}, or take the change back on the ${ctx.from.name}.`,
        statements: statementsOf(carried, ctx),
      }),
      ...warning({
        code: 'AccessOfTarget',
        objects: inWords(own),
        message: 'The target has settings, and rights of roles that were there before the migration, which the source has not.',
        remedy: 'Nothing, if they are meant for the application, too.',
      }),
    ];
  },
};
