/** Rights of both connected roles for everything that the later steps do. */
import { REPLICATION_ROLE } from '../../config/names.ts';
import * as rightsSql from '../../postgres/rights.sql.ts';
import { ATTRIBUTES_CAN_BE_PASSED_ON, mayCreateReplicationRole, rightsOn } from '../../postgres/rights.ts';
import { blocker, type Finding, onTarget, warning } from '../finding.ts';
import type { CheckContext, ReadinessCheck } from './context.ts';

const describe = ({ object, owner }: rightsSql.OwnedObject): string => `${object} (owner ${owner})`;
const grantsOfOwners = (objects: readonly rightsSql.OwnedObject[], member: string): string[] =>
  [...new Set(objects.map(({ owner }) => owner))].map((owner) => rightsSql.grantRole(owner, member));

const mayBypassRowSecurity = (rights: rightsSql.RoleRights, version: number): boolean =>
  rights.superuser || (version >= ATTRIBUTES_CAN_BE_PASSED_ON && rights.createsRoles && rights.bypassesRowSecurity);

export const sourceRole: ReadinessCheck = {
  name: 'rights of the source role',
  async find({ source, sourceVersion }) {
    const rights = await rightsOn(source);
    const missing = [
      ...(mayCreateReplicationRole(rights, sourceVersion) ? [] : ['create a role that may replicate']),
      ...(rights.superuser || rights.replicates || rights.rdsReplication.used ? [] : ['create a replication slot']),
      ...(rights.createsInDatabase ? [] : ['create a publication and a schema in the database']),
    ].map((right) => `${rights.role}: ${right}`);
    return blocker({
      code: 'SourceRightsMissing',
      objects: missing,
      message: 'The source role lacks rights that the migration needs.',
      remedy:
        "Use the cluster's master user (a member of rds_superuser) in the source secret, or grant the role CREATEROLE, REPLICATION " +
        '(rds_replication with admin option on RDS) and CREATE on the database.',
    });
  },
};

export const sourceTables: ReadinessCheck = {
  name: 'ownership and readability on the source',
  async find({ source, input }) {
    const { role } = await rightsOn(source);
    const foreign = await source.query(rightsSql.tablesOfOthers(input));
    const closed = await source.query(rightsSql.unreadable(input));
    const schemas = await source.query(rightsSql.schemasNotGrantable(input));
    return [
      ...blocker({
        code: 'TableOfAnotherOwner',
        objects: foreign.map(describe),
        message: 'Only the owner of a table, or a member of the owner, can publish it.',
        remedy: `Make ${role} a member of the owners, or exclude these tables.`,
        statements: grantsOfOwners(foreign, role),
      }),
      ...blocker({
        code: 'NotReadable',
        objects: closed.map(describe),
        message: 'The source role may not read these tables and sequences, so they can neither be copied nor compared.',
        remedy: `Make ${role} a member of the owners, or grant it USAGE on the schemas and SELECT, or exclude them.`,
        statements: grantsOfOwners(closed, role),
      }),
      ...blocker({
        code: 'SchemaNotGrantable',
        objects: schemas.map(describe),
        message: 'The source role cannot grant USAGE on these schemas to the replication role.',
        remedy: `Make ${role} a member of the owners of the schemas, or exclude them.`,
        statements: grantsOfOwners(schemas, role),
      }),
    ];
  },
};

export const rowSecurity: ReadinessCheck = {
  name: 'row-level security on the source',
  async find({ source, sourceVersion, input }) {
    const tables = await source.query(rightsSql.protectedTables(input));
    if (tables.length === 0) return [];
    const rights = await rightsOn(source);
    const grantable = mayBypassRowSecurity(rights, sourceVersion);
    const hidden = tables.filter((table) => table.hidesRowsFromUs || (!grantable && !table.openToReplication));
    const open = tables.filter((table) => !hidden.includes(table));
    const ofOthers = hidden.filter(({ forced, owner }) => !forced && owner !== rights.role);
    return [
      ...blocker({
        code: 'RowSecurityHidesRows',
        objects: hidden.map(describe),
        message:
          'Policies hide rows of these tables from the source role or from the replication role, which cannot be given BYPASSRLS here. ' +
          'Their rows would not be copied.',
        remedy:
          `Use a source role that has BYPASSRLS and may pass it on; or create ${REPLICATION_ROLE} beforehand and make it, and ${rights.role}, ` +
          'members of the owners, for tables without FORCE ROW LEVEL SECURITY; or exclude the tables.' +
          // From 16 on it could not be a member of ours: the role that creates another is a member of it.
          (hidden.some(({ owner }) => owner === rights.role)
            ? ` What ${rights.role} itself owns needs another owner first, a role of its own of which ${rights.role} is a member ` +
              `(create role, grant, alter table … owner to): ${REPLICATION_ROLE} must not be a member of ${rights.role}.`
            : ''),
        statements: [
          ...(ofOthers.length > 0 ? [`create role ${REPLICATION_ROLE};`] : []),
          ...grantsOfOwners(ofOthers, REPLICATION_ROLE),
          ...hidden.filter(({ forced }) => forced).map(({ object }) => `alter table ${object} no force row level security;`),
        ],
      }),
      ...warning({
        code: 'RowSecurity',
        objects: open.map(({ object }) => object),
        message: 'These tables have row-level security. All their rows are copied, and their policies are created on the target.',
        remedy: 'Check that the roles of the application on the target are those that the policies name.',
      }),
    ];
  },
};

export const targetRole: ReadinessCheck = {
  name: 'rights of the target role',
  async find(ctx: CheckContext) {
    const { source, target, input } = ctx;
    const rights = await rightsOn(target);
    const schemas = (await source.query(rightsSql.userSchemas(input))).map(({ schema }) => schema);
    const closed = await target.query(rightsSql.schemasClosedToUs(schemas));
    const tables = (await ctx.tables()).map(({ schema, table }) => ({ schema, table }));
    const foreign = rights.superuser ? [] : await target.query(rightsSql.ownersWeCannotBecome(JSON.stringify(tables)));
    const missing = [
      ...(rights.superuser || rights.createsSubscriptions ? [] : ['create a subscription (membership in pg_create_subscription)']),
      ...(rights.createsInDatabase ? [] : ['create schemas in the database']),
    ].map((right) => `${rights.role}: ${right}`);
    const findings: Finding[] = [
      ...blocker({
        code: 'TargetRightsMissing',
        objects: missing,
        message: 'The target role lacks rights that the migration needs.',
        remedy:
          "Create the role in PlanetScale as the guide's step 1 says: pg_read_all_data, pg_write_all_data, pg_create_subscription and postgres.",
      }),
      ...blocker({
        code: 'TargetSchemaClosed',
        objects: closed.map(describe),
        message: 'These schemas exist on the target, and the target role may not create anything in them.',
        remedy: 'Grant CREATE on them to the target role, or drop them if they are empty.',
        statements: closed.map(({ object }) => onTarget(rightsSql.grantCreate(object, rights.role))),
      }),
      ...blocker({
        code: 'TargetTableOfAnotherOwner',
        objects: foreign.map(describe),
        message: 'Changes are applied as the owner of each table, and the target role cannot become the owner of these.',
        remedy: 'Grant the owners to the target role.',
        statements: grantsOfOwners(foreign, rights.role).map(onTarget),
      }),
    ];
    return findings;
  },
};
