/** Whether functions, triggers, views, policies, rules, extensions and grants are still those that were copied. */
import { CUTOVER } from '../../config/direction.ts';
import { atMost } from '../../config/listing.ts';
import { rolesCarried } from '../../roles/mode.ts';
import { codeDifferences } from '../../schema/code-drift.ts';
import { type Difference, inWords } from '../../schema/differences.ts';
import { type Finding, listed, warning } from '../finding.ts';
import type { SwitchCheck } from './context.ts';

/** Differences in what the copy does not carry, or cannot make the same on every target. */
const ONLY_NAMED = /^(?:grants on|default grants of|version of extension) /;

/** Where roles were carried, both sides are compared directly (`access.ts`), and what the copy itself has granted is no change. */
const COMPARED_DIRECTLY = /^(?:grants on|default grants of) /;

const MOST_SHOWN = 100;
function texts(on: readonly (readonly [side: string, differences: readonly Difference[]])[]): string[] {
  const all = on.flatMap(([side, differences]) => differences.map((one) => `on the ${side}, ${inWords(one)}`));
  return atMost(MOST_SHOWN, all);
}

/** A rollback is for emergencies, and the schema of the target may have been changed since: the differences are warnings there. */
export const code: SwitchCheck = {
  name: 'code, rules of access and extensions of both sides',
  async find({ source, target, direction }) {
    const { recorded, from, to, alike } = await codeDifferences(direction.from, source, target);
    const serious = ({ object }: Difference): boolean => !ONLY_NAMED.test(object);
    const carried = (await rolesCarried(target)) !== undefined;
    const counts = ({ object }: Difference): boolean => !(carried && COMPARED_DIRECTLY.test(object));
    const rest = (one: Difference): boolean => !serious(one) && counts(one);
    const severity = direction === CUTOVER ? 'blocker' : 'warning';
    const findings: Finding[] = [
      ...listed({
        code: 'CodeNotRecorded',
        severity,
        objects: (['source', 'target'] as const).filter((side) => !recorded[side]),
        message:
          'There is no record of functions, views, triggers and policies as they were copied, so it is not known whether they changed since.',
        remedy: 'Start Replicate and let it finish. If this remains, an older version copied the schema: Cleanup, then begin anew.',
      }),
      ...listed({
        code: 'CodeChanged',
        severity,
        objects: texts([
          [direction.from, from.filter(serious)],
          [direction.to, to.filter(serious)],
        ]),
        message:
          'Code, rules of access or extensions have changed since the schema was copied, and are not the same on both sides now. Such changes are not ' +
          'replicated. Where only texts differ, their digests stand in place of them.',
        remedy: 'Run the same statements on the other side, or take the change back. Once both sides have the same, this passes.',
      }),
      ...warning({
        code: 'PrivilegesOrVersionsChanged',
        objects: texts([[direction.from, from.filter(rest)]]),
        message: 'What roles were granted, or the version of an extension, has changed since the schema was copied.',
        remedy: 'Grant the same on the other side where its roles need it, and see whether the other version of the extension will do.',
      }),
      ...warning({
        code: 'CodeChangedAlike',
        objects: texts([['both sides', alike.filter(counts)]]).map((words) => words.replace('on the both sides, ', '')),
        message: 'These changes were made since the copy on both sides alike, as far as their versions print the same.',
        remedy: 'Nothing, if that was intended.',
      }),
    ];
    return findings;
  },
};
