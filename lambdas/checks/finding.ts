/** A finding of a check. `report.ts` fits findings into the limits of an execution. */
export interface Finding {
  /** Stable name, such as `NoReplicaIdentity`. */
  readonly code: string;
  readonly severity: 'blocker' | 'warning';
  /** Objects that it concerns: names as SQL writes them, settings, connections. Empty where it concerns the whole server. */
  readonly objects: readonly string[];
  readonly message: string;
  readonly remedy: string;
  /** The remedy as SQL for the operator to run, where it differs by object: on the source, unless a comment at its end names the target. */
  readonly statements?: readonly string[];
}

/** A statement of a finding that is for the target. */
export const onTarget = (statement: string): string => `${statement} -- on the target`;

/** The finding, or none where it has no objects. */
export const listed = (finding: Finding): readonly Finding[] => (finding.objects.length > 0 ? [finding] : []);
/** The same of one kind. */
export const blocker = (finding: Omit<Finding, 'severity'>): readonly Finding[] => listed({ severity: 'blocker', ...finding });
export const warning = (finding: Omit<Finding, 'severity'>): readonly Finding[] => listed({ severity: 'warning', ...finding });
