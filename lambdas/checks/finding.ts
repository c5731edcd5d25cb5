/** A finding: what a check says, and how it is told within the limits of an execution is `report.ts`. */
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

/** No object, no finding. */
export const listed = (finding: Finding): readonly Finding[] => (finding.objects.length > 0 ? [finding] : []);
