/** Remedies for a server's refusal to read a table. */
import { StatementFailed } from '../config/errors.ts';
import type { TableName } from '../config/input.ts';
import { REPLICATION_ROLE } from '../config/names.ts';
import { FEATURE_NOT_SUPPORTED, INSUFFICIENT_PRIVILEGE } from '../postgres/sqlstates.ts';

/** @returns the error with a remedy, where one is known */
export function explained(error: unknown, { schema, table }: TableName): unknown {
  if (!(error instanceof StatementFailed)) return error;
  const { complaint } = error;
  if (complaint.code === INSUFFICIENT_PRIVILEGE) {
    return new StatementFailed(
      `"${schema}"."${table}" cannot be compared, because the role ${REPLICATION_ROLE} may not read all of its rows: ${error.message}. Nothing ` +
        'was changed. Start Replicate, which lets the role read what is published; where a policy is in the way, give the role BYPASSRLS on ' +
        'that side, then start again.',
      complaint,
      { cause: error, isExplained: true },
    );
  }
  if (complaint.code === FEATURE_NOT_SUPPORTED) {
    return new StatementFailed(
      `"${schema}"."${table}" cannot be compared, because it is no table any more: ${error.message}. Nothing of what has its name now was ` +
        'read, and nothing was changed. Find out who replaced it, then start again.',
      complaint,
      { cause: error, isExplained: true },
    );
  }
  return error;
}
