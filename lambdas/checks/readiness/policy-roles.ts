/** Whether the target has the roles of the policies, which are made after the copy. */

import { willCarry } from '../../roles/mode.ts';
import { roleMap } from '../../roles/role-map.ts';
import { blocker, onTarget } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';
import { policyRoles, rolesThere } from './policy-roles.sql.ts';

export const policyRolesThere: ReadinessCheck = {
  name: 'roles of policies',
  async find({ source, target, input }) {
    const named = await source.query(policyRoles(input));
    if (named.length === 0) return [];
    const there = new Set((await target.query(rolesThere(named.map(({ role }) => role)))).map(({ role }) => role));
    const map = (await willCarry(target, input)) ? await roleMap(source, target, input) : undefined;
    for (const { role } of named) if (map?.targetOf(role) !== undefined) there.add(role);
    const missing = named.filter(({ role }) => !there.has(role));
    return blocker({
      code: 'PolicyForMissingRole',
      objects: missing.map(({ role, policies }) => `${role}: ${policies}`),
      message:
        'Policies are for these roles, which the target lacks and which are not carried there. A policy for a role that is missing cannot be made: ' +
        'BuildIndexes would stop at it, after the whole copy.',
      remedy: 'Make the roles on the target (CREATEROLE is enough, they need not log in), and give them later what your application needs.',
      statements: missing.map(({ make }) => onTarget(make)),
    });
  },
};
