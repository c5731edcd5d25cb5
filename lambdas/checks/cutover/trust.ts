/**
 * Consent to the code that the stream back would run with the rights of our role: before version 16 a subscription applies as its owner, who
 * has to be a superuser or, on RDS, a member of rds_superuser.
 */
import { rightsOn } from '../../postgres/rights.ts';
import { reachedFunctions } from '../../schema/code-of-others.sql.ts';
import { APPLIES_AS_TABLE_OWNER, underStreamBack } from '../readiness/code-of-others.ts';
import type { SwitchCheck } from './context.ts';

export const codeUnderStreamBack: SwitchCheck = {
  name: 'code that the stream back would run with the rights of our role',
  async find({ from, input, exclusions }) {
    if (!input.reverse || input.trustCode || from.version >= APPLIES_AS_TABLE_OWNER) return [];
    const { role } = await rightsOn(from.reader);
    return underStreamBack(await from.reader.query(reachedFunctions(exclusions)), { version: from.version, role, severity: 'blocker' });
  },
};
