/** The engine of checks, for readiness and for both switches: it carries them out, and what it cannot tell does not count as passed. */
import { CannotConnect, MigrationError, NotOurs, TransientError } from '../config/errors.ts';
import type { Finding } from './finding.ts';

/** @template On what it looks at */
export interface Check<On> {
  /** What a person would say it looks at; used where it cannot tell. */
  readonly name: string;
  find(ctx: On): Promise<readonly Finding[]>;
}

/** Of the finding that names what carries our name and is not ours; see `own-things.ts`. */
export const NOT_OURS = 'NotOurs';

/** A server's or a service's own words, cut so that many of them still fit into one message. */
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

/**
 * Carries out every check, one after the other. One that fails for whatever reason becomes a blocker and does not stop the others.
 * @throws TransientError, CannotConnect where the connection is the trouble: then no check can tell anything
 */
export async function findAll<On>(checks: readonly Check<On>[], ctx: On): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) {
    try {
      findings.push(...(await check.find(ctx)));
    } catch (error) {
      if (error instanceof MigrationError && (error instanceof TransientError || error instanceof CannotConnect)) throw error;
      if (error instanceof NotOurs && findings.some(({ code }) => code === NOT_OURS)) continue; // said once, with all there is to say
      findings.push(couldNotTell(check, error));
    }
  }
  return findings;
}
