/** What is looser on the target than on the source, and what is lost, where owners, rights and settings are not carried. */
import { REPLICATION_ROLE } from '../../config/names.ts';
import { rightsOn } from '../../postgres/rights.ts';
import { willCarry } from '../../roles/mode.ts';
import { type Finding, warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';
import {
  closedDefaults,
  closedRoutines,
  closedTypes,
  definersOfOwners,
  grantCounts,
  settingsAsStatements,
  viewsOfOthers,
} from './loosened.sql.ts';

const AFTERWARDS = 'after CopySchema and before the switch';

export const loosenedRights: ReadinessCheck = {
  name: 'rights that the copy does not carry',
  async find({ source, target, input }) {
    if (await willCarry(target, input)) return [];
    const { role } = await rightsOn(target);
    const closed = [
      ...(await source.query(closedRoutines(input))),
      ...(await source.query(closedTypes(input))),
      ...(await source.query(closedDefaults())),
    ];
    const views = await source.query(viewsOfOthers(input));
    const definers = await source.query(definersOfOwners(input));
    const findings: Finding[] = [
      ...warning({
        code: 'OpenToPublic',
        objects: closed.map(({ object }) => object),
        message: 'PUBLIC has no right to these on the source. Privileges are not copied, so on the target every role has it.',
        remedy: `Run the statements below on the target as ${role}, ${AFTERWARDS}; roles that they name have to be there. They fail for what is left behind.`,
        statements: closed.map(({ statement }) => statement),
      }),
      ...warning({
        code: 'ViewOfAnotherOwner',
        objects: views.map(({ object, owner }) => `${object} (owner ${owner})`),
        message:
          `These views read tables with the rights of their owner, who does not own the tables. On the target ${role} owns both, so the views show ` +
          'what the owner on the source may not see, also past the policies of the tables.',
        remedy:
          `Give the views back to their owners with the statements below, ${AFTERWARDS}: make the roles, let ${role} be a member of them, and grant ` +
          'them CREATE on the schema for the moment and what they read of the tables. Or let the views ask with the rights of the role that reads them: ' +
          'alter view … set (security_invoker = true).',
        statements: views.map(({ statement }) => statement),
      }),
      ...warning({
        code: 'DefinerChangesOwner',
        objects: definers.map(({ object, owner }) => `${object} (owner ${owner})`),
        message: `These routines run with the rights of their owner. On the target that is ${role}, which may do more than the owner on the source.`,
        remedy: `Give them to a role that may do no more than is needed, ${AFTERWARDS}; statements for the owners of the source are below.`,
        statements: definers.map(({ statement }) => statement),
      }),
      ...warning({
        code: 'RightsLeftBehind',
        objects: (await source.query(grantCounts(input))).map(({ kind, count, roles }) => `${count} on ${kind} to ${roles}`),
        message: 'Rights that are granted to roles are not copied. Without them the roles of the application are refused on the target.',
        remedy:
          `Make the roles on the target and grant them what they need, ${AFTERWARDS}: pg_dump --schema-only without --no-privileges prints the ` +
          'statements (those that begin with GRANT, REVOKE and ALTER DEFAULT PRIVILEGES).',
      }),
    ];
    return findings;
  },
};

export const lostSettings: ReadinessCheck = {
  name: 'settings of the database and of roles',
  async find({ source, target, input }) {
    if (await willCarry(target, input)) return [];
    const found = await source.query(settingsAsStatements([REPLICATION_ROLE], target.endpoint.database));
    return warning({
      code: 'SettingsLeftBehind',
      objects: found.map(({ object }) => object),
      message:
        'Settings that stand with the database and with roles are not copied. On the target names may lead elsewhere without a search_path, limits ' +
        'of time are those of the server, and so on.',
      remedy:
        'Run the statements below on the target before the application is switched, as the owner of the database; the roles have to be there, ' +
        'perhaps by another name. What PlanetScale does not let a role set belongs into the parameters of the cluster. Values under names with a dot may be secrets and ' +
        'are not shown here: look them up on the source (select setconfig from pg_db_role_setting).',
      statements: found.map(({ statement }) => statement),
    });
  },
};
