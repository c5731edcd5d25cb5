/**
 * What the readiness check finds, and how it is told within the limits of Step Functions.
 *
 * finding    one kind of thing that stands in the way, or that the user should know, with everything it concerns
 * blocker    the migration would lose data, fail, or break the application's own statements
 * check      one look at one subject; it answers with findings, none if all is well
 */
import { CannotConnect, MigrationError, NotOurs, TransientError } from '../config/errors.ts';
import type { MigrationInput } from '../config/input.ts';
import type { Looking } from '../engine/contract.ts';
import type { ApplicationView } from '../ports/application.ts';
import type { ClusterView } from '../ports/cluster.ts';
import type { Reader } from '../ports/database.ts';
import type { WayBack } from '../ports/replication.ts';
import { type PublishedTable, publishedTables } from '../postgres/tables.sql.ts';

export interface Finding {
  /** Stable name, such as `NoReplicaIdentity`. */
  readonly code: string;
  readonly severity: 'blocker' | 'warning';
  /** What it concerns: names as SQL writes them, settings, connections. Empty where it concerns the whole server. */
  readonly objects: readonly string[];
  readonly message: string;
  readonly remedy: string;
  /** The remedy as SQL for a person to run, where it differs from object to object: on the source, unless it says otherwise at its end. */
  readonly statements?: readonly string[];
}

/** A statement of a finding that is for the target. */
export const onTarget = (statement: string): string => `${statement} -- on the target`;

/** What every check may look at. Versions are major versions. */
export interface CheckContext {
  readonly source: Reader;
  readonly target: Reader;
  readonly cluster: ClusterView;
  readonly application: ApplicationView;
  readonly wayBack: WayBack;
  readonly input: MigrationInput;
  readonly sourceVersion: number;
  readonly targetVersion: number;
  /** The tables to be published; asked for once, however many checks want them. */
  tables(): Promise<readonly PublishedTable[]>;
}

/** What the checks look at. */
type Needs = 'source' | 'target' | 'cluster' | 'applicationView' | 'wayBack';

/** Both sides, ready to be looked at. */
export async function loadContext({
  source,
  target,
  cluster,
  applicationView: application,
  wayBack,
  input,
}: Pick<Looking<Needs>, Needs | 'input'>): Promise<CheckContext> {
  let tables: Promise<readonly PublishedTable[]> | undefined;
  return {
    source,
    target,
    cluster,
    application,
    wayBack,
    input,
    sourceVersion: await source.version(),
    targetVersion: await target.version(),
    tables() {
      tables ??= source.query(publishedTables(input));
      return tables;
    },
  };
}

/** @template On what it looks at: of readiness unless told otherwise */
export interface Check<On = CheckContext> {
  /** What a person would say it looks at; used where it cannot tell. */
  readonly name: string;
  find(scene: On): Promise<readonly Finding[]>;
}

/** No object, no finding. */
export const listed = (finding: Finding): readonly Finding[] => (finding.objects.length > 0 ? [finding] : []);

/** Of the finding that names what carries our name and is not ours; see `own-things.ts`. */
export const NOT_OURS = 'NotOurs';

/** A server's or a service's own words, cut so that many of them still fit into one message. */
const LONGEST_WORDS = 240;

function couldNotTell(check: Pick<Check, 'name'>, error: unknown): Finding {
  const words = (error instanceof Error ? error.message : String(error)).slice(0, LONGEST_WORDS);
  return {
    code: 'CouldNotTell',
    severity: 'blocker',
    objects: [check.name],
    message: `This check could not be carried out, so it does not count as passed: ${words}`,
    remedy: 'Remove the cause that is named here, most often a missing right, then start again.',
  };
}

/**
 * Carries out every check, one after the other. One that fails for whatever reason becomes a blocker and does not stop the others.
 * @throws TransientError, CannotConnect where the connection is the trouble: then no check can tell anything
 */
export async function findAll<On>(checks: readonly Check<On>[], scene: On): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) {
    try {
      findings.push(...(await check.find(scene)));
    } catch (error) {
      if (error instanceof MigrationError && (error instanceof TransientError || error instanceof CannotConnect)) throw error;
      if (error instanceof NotOurs && findings.some(({ code }) => code === NOT_OURS)) continue; // said once, with all there is to say
      findings.push(couldNotTell(check, error));
    }
  }
  return findings;
}
