/** Why PlanetScale's cluster cannot be prepared or put back: what happened, what was left unchanged, what to do. */
import { TargetNotConfigurable } from '../config/errors.ts';
import type { Branch, ChangeRequest } from '../ports/planetscale.ts';
import { branchName } from './journal.ts';
import type { NotInForce, Obstacle } from './setting.ts';

const remove = (what: string): string => `remove ${what} from the token's secret (aws secretsmanager untag-resource)`;

export const cannotChange = (obstacles: readonly Obstacle[]): TargetNotConfigurable =>
  new TargetNotConfigurable(
    `The target cannot run the migration as it is: ${obstacles.map(({ what, remedy }) => `${what}. ${remedy}`).join(' ')} Nothing was changed in this visit.`,
  );

export const inVain = ({ id, actor, state }: ChangeRequest, wanted: readonly string[]): TargetNotConfigurable =>
  new TargetNotConfigurable(
    `The change ${id} at PlanetScale (asked for by ${actor}) was ${state}, and this is still lacking: ${wanted.join('; ')}. What was changed before it stays. Find ` +
      'out why on the page of the branch, under Clusters; somebody may have changed it back. Then start again, which asks for it anew.',
  );

export const notInForce = (settings: readonly NotInForce[]): TargetNotConfigurable =>
  new TargetNotConfigurable(
    `PlanetScale says that its change is completed, and the server says otherwise: ${settings
      .map(({ name, configured, server }) => `${name} is ${configured} at PlanetScale and ${server} on the server`)
      .join('; ')}. Nothing more was changed. Restart the cluster at PlanetScale, or ask its support; then start again.`,
  );

export const anotherBranch = (recorded: string, branch: Branch): TargetNotConfigurable =>
  new TargetNotConfigurable(
    `The tags of the token's secret say what this stack has changed at ${recorded}, and the deployment leads to ${branchName(branch)} now. Nothing was changed. ` +
      `Deploy with the branch from before and run Cleanup first; or, where that branch is gone, ${remove("this stack's tags (planetscale-migration:…)")}.`,
  );

export const loginIsGone = (secret: string, user: string): TargetNotConfigurable =>
  new TargetNotConfigurable(
    `The secret ${secret} is empty, although the role ${user} was made at PlanetScale and its login filled in, so somebody has taken it out. PlanetScale shows a password only ` +
      'once. Nothing was changed. Put the version from before back (AWSPREVIOUS), or reset the password of that role at PlanetScale and fill the secret in by ' +
      'hand; then start again. Where there is nothing to keep, run Cleanup first.',
  );

export const otherBranch = (user: string, branch: Branch): TargetNotConfigurable =>
  new TargetNotConfigurable(
    `The target secret has a login of another branch (${user}) than ${branchName(branch)}, which the token's settings name: what is seen of the server would be of ` +
      'one, and what is changed of the other. Nothing was changed. Correct the target secret, or planetscaleDatabase and planetscaleBranch, then start again.',
  );

export const journalFull = (): TargetNotConfigurable =>
  new TargetNotConfigurable(
    "The token's secret has too many tags to write down what is there before it is changed (50 are the most). Nothing was changed. Remove some of its other tags, then start again.",
  );

export const strange = (keys: readonly string[]): TargetNotConfigurable =>
  new TargetNotConfigurable(
    `The journal in the tags of the token's secret has entries that this tool does not write: ${keys.join(', ')}. Whoever wrote them could have us set what they like, so nothing was ` +
      `changed. Find out who did, ${remove('these tags')}, then start again.`,
  );
