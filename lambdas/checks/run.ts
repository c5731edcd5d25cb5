/** The engine of checks, for readiness and for both switches: a check that fails to run does not count as passed. */
import { CannotConnect, MigrationError, NotOurs, TargetNotKnown, TransientError } from '../config/errors.ts';
import { type Finding, warning } from './finding.ts';
import { isPassedOver, TARGET_NOT_LOOKED_AT } from './known.ts';

/** @template On what it reads */
export interface Check<On> {
  /** What it checks, in words; used in the message where it fails to run. */
  readonly name: string;
  find(ctx: On): Promise<readonly Finding[]>;
}

/** Code of the finding about objects with our name that are not ours; see `own-things.ts`. */
export const NOT_OURS = 'NotOurs';

/** Characters of a server's or a service's own message, so that many of them still fit into one message. */
const LONGEST_WORDS = 240;

function couldNotTell({ name }: Pick<Check<never>, 'name'>, error: unknown): Finding {
  const words = (error instanceof Error ? error.message : String(error)).slice(0, LONGEST_WORDS);
  return {
    code: 'CouldNotTell',
    severity: 'blocker',
    objects: [name],
    message: `This check could not be carried out, so it does not count as passed: ${words}`,
    remedy: 'Remove the cause that is named here, most often a missing right, then start again.',
  };
}

const notLookedAt = (names: readonly string[]): readonly Finding[] =>
  warning({
    code: TARGET_NOT_LOOKED_AT,
    objects: [...new Set(names)],
    message:
      'The target has no login yet, so these checks were not carried out there, and none of them has passed. What they would find is not known.',
    remedy:
      'Start Replicate: its first step makes the login, and the second carries out every check, before anything is copied. To know it beforehand, ' +
      'make a role in PlanetScale yourself and fill its login into the target secret; then start again.',
  });

/**
 * Runs every check, one after the other. A check that fails for any reason becomes a blocker and does not stop the others. One that needs a target
 * without a login is named in a finding, first of all: it has not passed.
 * @throws TransientError, CannotConnect where the connection fails: then no check can answer
 */
export async function findAll<On>(checks: readonly Check<On>[], ctx: On): Promise<Finding[]> {
  const findings: Finding[] = [];
  const unseen: string[] = [];
  for (const check of checks) {
    try {
      const found = await check.find(ctx);
      findings.push(...found.filter((finding) => !isPassedOver(finding)));
      if (found.some(isPassedOver)) unseen.push(check.name);
    } catch (error) {
      if (error instanceof MigrationError && (error instanceof TransientError || error instanceof CannotConnect)) throw error;
      if (error instanceof TargetNotKnown) {
        unseen.push(check.name);
        continue;
      }
      if (error instanceof NotOurs && findings.some(({ code }) => code === NOT_OURS)) continue; // reported once, with all objects
      findings.push(couldNotTell(check, error));
    }
  }
  return [...notLookedAt(unseen), ...findings];
}
