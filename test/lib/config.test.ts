import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Sslmode } from '../../lambdas/ports/replication.ts';
import { InvalidConfig, type MigrationConfig, parseConfig } from '../../lib/config.ts';
import { SETTING_ENTRIES, SETTINGS } from '../../lib/settings.ts';
import { CONTEXT } from '../support/synthesized.ts';

const problemsOf = (context: Readonly<Record<string, unknown>>): readonly string[] => {
  try {
    parseConfig(context);
  } catch (error) {
    if (error instanceof InvalidConfig) return error.problems;
    throw error;
  }
  return [];
};

describe('the settings of a deployment', () => {
  it('need seven values, and state the other defaults', () => {
    expect(parseConfig(CONTEXT)).toEqual({
      ...CONTEXT,
      subnetIds: ['subnet-0123456789abcdef0', 'subnet-0fedcba9876543210'],
      stackName: 'AuroraToPlanetScale',
      clusterInstances: ['shop-production*'],
      clusterPort: 5432,
      applicationSourceHosts: [],
      planetscaleEgress: [],
      access: 'public',
      allowAnyAddress: false,
      preloadPglogical: true,
      subscriptionSslmode: 'require',
      targetHost: 'public',
      reportDays: 90,
      keepReports: true,
      inputDefaults: {},
    });
  });

  it('report everything missing at once, with a command to copy', () => {
    const problems = problemsOf({});
    expect(problems).toHaveLength(Object.keys(CONTEXT).length);
    for (const key of Object.keys(CONTEXT)) expect(problems.join('\n')).toContain(`"${key}" is missing`);
    expect(() => parseConfig({})).toThrow(/npx cdk synth \\\n {4}-c clusterIdentifier=/);
  });

  it('come with an example that is itself accepted', () => {
    let message = '';
    try {
      parseConfig({});
    } catch (error) {
      message = (error as Error).message;
    }
    const example = Object.fromEntries([...message.matchAll(/-c (\w+)=(\S+)/g)].map(([, key = '', value]) => [key, value]));
    expect(parseConfig(example)).toMatchObject({ database: 'shop', engineVersion: '15.4' });
  });

  it('report missing, refused and unknown ones together', () => {
    const { vpcId: _vpc, ...rest } = CONTEXT;
    const problems = problemsOf({ ...rest, engineVersion: '9.6', clusterPort: 'many', colour: 'blue' });
    expect(problems).toHaveLength(4);
    expect(problems[0]).toContain('"vpcId" is missing');
    expect(problems.slice(1).join('\n')).toMatch(/"engineVersion" is "9.6"[\s\S]*"clusterPort" must be[\s\S]*"colour" is not a setting/);
  });

  it('have types from their entries: those without a default may be undefined, no others', () => {
    expectTypeOf<MigrationConfig['clusterIdentifier']>().toEqualTypeOf<string>();
    expectTypeOf<MigrationConfig['clusterPort']>().toEqualTypeOf<number>();
    expectTypeOf<MigrationConfig['clusterInstances']>().toEqualTypeOf<readonly string[]>();
    expectTypeOf<MigrationConfig['subscriptionSslmode']>().toEqualTypeOf<Sslmode>();
    expectTypeOf<MigrationConfig['reverseSslmode']>().toEqualTypeOf<Sslmode | undefined>();
    expectTypeOf<MigrationConfig['targetSecretKeyArn']>().toEqualTypeOf<string | undefined>();
  });

  it.each(SETTING_ENTRIES.filter(([, { companion }]) => companion !== undefined))('include the companion of %s', (_key, entry) => {
    expect(Object.keys(SETTINGS)).toContain(entry.companion);
  });

  it('leave the keys of the CDK alone', () => {
    const keys = { '@aws-cdk/core:anything': true, 'aws:cdk:bundling-stacks': ['**'], 'availability-zones:account=1:region=x': [] };
    expect(problemsOf({ ...CONTEXT, ...keys })).toEqual([]);
  });

  it('count an empty text as not given', () => {
    expect(problemsOf({ ...CONTEXT, database: '', notificationEmail: '' })).toEqual(['"database" is missing. Example: shop']);
  });

  it.each([
    ['subnetIds', '["subnet-0123456789abcdef0"]', ['subnet-0123456789abcdef0']],
    ['subnetIds', ['subnet-0123456789abcdef0'], ['subnet-0123456789abcdef0']],
    ['subnetIds', ' subnet-0123456789abcdef0 , subnet-0fedcba9876543210', ['subnet-0123456789abcdef0', 'subnet-0fedcba9876543210']],
    ['clusterPort', '6000', 6000],
    ['clusterPort', 6000, 6000],
    ['preloadPglogical', 'false', false],
    ['preloadPglogical', true, true],
    ['access', 'own', 'own'],
    ['publicAccess', 'false', false],
    ['allowAnyAddress', 'true', true],
    ['engineVersion', 16, '16'],
    ['clusterIdentifier', 'Shop-Production', 'shop-production'],
    ['database', 'Shop "main" ✓', 'Shop "main" ✓'],
    ['planetscaleEgress', '3.64.1.2,3.64.1.0/28', ['3.64.1.2/32', '3.64.1.0/28']],
    ['inputDefaults', '{"indexWorkers": 8}', { indexWorkers: 8 }],
    ['inputDefaults', { excludeSchemas: ['audit'] }, { excludeSchemas: ['audit'] }],
    ['inputDefaults', { fenceSeconds: 60 }, { fenceSeconds: 60 }],
    ['switchHookArn', 'arn:aws:lambda:eu-central-1:111122223333:function:f:7', 'arn:aws:lambda:eu-central-1:111122223333:function:f:7'],
  ] as const)('read %s from %j, as -c or cdk.json give it', (key, given, trusted) => {
    expect(parseConfig({ ...CONTEXT, [key]: given })).toHaveProperty(key, trusted);
  });

  it('accept names of the source beside those of RDS, with or without a port, where the application has a secret', () => {
    const applicationSecretArn = CONTEXT.sourceSecretArn.replace('shop-production', 'shop-application');
    const named = (applicationSourceHosts: string) => ({ ...CONTEXT, applicationSecretArn, applicationSourceHosts });
    expect(parseConfig(named('db.internal, 10.0.0.7:6432'))).toHaveProperty('applicationSourceHosts', ['db.internal', '10.0.0.7:6432']);
    for (const wrong of ['db.internal:99999', 'postgres://db.internal', 'db.internal:', '-c'])
      expect(problemsOf(named(wrong))).toEqual([expect.stringMatching(/"applicationSourceHosts" holds .*not a host name/)]);
    expect(problemsOf({ ...CONTEXT, applicationSourceHosts: 'db.internal' })).toEqual([
      '"applicationSourceHosts" means nothing without "applicationSecretArn"; give both, or neither.',
    ]);
  });

  it.each([
    ['clusterIdentifier', 'shop--production', 'RDS identifier'],
    ['clusterIdentifier', 'shop*', 'RDS identifier'],
    ['clusterIdentifier', `a${'b'.repeat(63)}`, 'RDS identifier'],
    ['clusterIdentifier', 'shop\nproduction', 'RDS identifier'],
    ['clusterInstances', '*', 'instance identifiers'],
    ['clusterInstances', 'a*b', 'instance identifiers'],
    ['clusterInstances', [], 'must not be empty'],
    ['database', 'shop\nmain', 'line break'],
    ['database', 'x'.repeat(64), '63 bytes'],
    ['database', 'é'.repeat(32), '63 bytes'],
    ['database', 7, 'must be a name'],
    ['engineVersion', '10.21', '11 to 18'],
    ['engineVersion', '19', '11 to 18'],
    ['engineVersion', '15; drop', 'engine version'],
    ['sourceSecretArn', 'shop-production', 'complete ARN'],
    ['sourceSecretArn', 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop', 'complete ARN'],
    ['sourceSecretArn', `${CONTEXT.sourceSecretArn}*`, 'complete ARN'],
    ['sourceSecretKeyArn', 'alias/key', "KMS key's ARN"],
    ['targetSecretArn', CONTEXT.sourceSecretArn.replace('eu-central-1', 'us-east-1'), 'another account or region'],
    ['applicationSecretArn', CONTEXT.sourceSecretArn.replace('111122223333', '999922223333'), 'another account or region'],
    ['vpcId', 'vpc-xyz', 'VPC id'],
    ['subnetIds', '[]', 'must not be empty'],
    ['subnetIds', '[1', 'must be a list'],
    ['clusterSecurityGroupId', "sg-'; --", "security group's id"],
    ['planetscaleEgress', '0.0.0.0/0', 'would open the source'],
    ['planetscaleEgress', '0.0.0.0/1,128.0.0.0/1', 'would open the source'],
    ['planetscaleEgress', '::/0', 'not an IPv4 address'],
    ['planetscaleEgress', '300.1.1.1', 'not an IPv4 address'],
    ['planetscaleEgress', '1.2.3.4/33', 'not an IPv4 address'],
    ['planetscaleEgress', '1.2.3.4/32/1', 'not an IPv4 address'],
    ['preloadPglogical', 'yes', 'true or false'],
    ['subscriptionSslmode', 'allow', 'must be one of'],
    ['reverseSslmode', 'verify-ca', 'must be one of'],
    ['reverseHost', 'host=x', 'a host name'],
    ['reversePort', '70000', 'whole number'],
    ['reportDays', '0', 'whole number'],
    ['keepReports', 'perhaps', 'true or false'],
    ['notificationEmail', 'nobody', 'e-mail address'],
    ['notificationEmail', 'a@b.c\nBcc: d@e.f', 'e-mail address'],
    ['inputDefaults', '{', 'must be a JSON object'],
    ['inputDefaults', '{"reboot": "now"}', 'consent'],
    ['inputDefaults', '{"target": "drop"}', 'consent'],
    ['inputDefaults', '{"reverse": false}', 'consent'],
    ['inputDefaults', '{"execution": "first"}', 'consent'],
    ['switchHookArn', 'pause-workers', "Lambda function's ARN"],
    ['switchHookArn', 'arn:aws:lambda:eu-central-1:111122223333:function:*', "Lambda function's ARN"],
    ['switchHookArn', 'arn:aws:lambda:us-east-1:111122223333:function:pause-workers', 'another account or region'],
    ['applicationSecretKeyArn', 'arn:aws:kms:eu-central-1:111122223333:key/0b1c2d3e', 'means nothing without "applicationSecretArn"'],
    ['applicationTargetSecretArn', CONTEXT.sourceSecretArn.replace('shop', 'other'), 'means nothing without "applicationSecretArn"'],
    [
      'applicationTargetSecretKeyArn',
      'arn:aws:kms:eu-central-1:111122223333:key/0b1c2d3e',
      'means nothing without "applicationTargetSecretArn"',
    ],
    ['applicationRole', 'shop_rw', 'means nothing without "applicationSecretArn"'],
    ['inputDefaults', '{"indexWorkers": 99}', 'whole number from 1 to 32'],
    ['stackName', 'my stack', 'stack name'],
    ['constructor', 'x', 'not a setting'],
  ])('refuse %s %j with the reason', (key, value, reason) => {
    const problems = problemsOf({ ...CONTEXT, [key]: value });
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) expect(problem).toContain(reason);
    expect(problems.join('')).not.toMatch(/[\r\n]/);
  });

  it.each([
    ['pg_read_all_data', 'kept for the server, the platform or the migration'],
    ['public', 'kept for the server, the platform or the migration'],
    ['planetscale_migration_replication', 'kept for the server, the platform or the migration'],
    ['x'.repeat(64), 'longer than the 63 bytes'],
  ])('refuse to make the role %s for the application', (applicationRole, reason) => {
    const applicationSecretArn = CONTEXT.sourceSecretArn.replace('shop', 'other');
    const named = (role: string) => ({ ...CONTEXT, applicationSecretArn, applicationRole: role });
    expect(problemsOf(named(applicationRole)).join()).toContain(reason);
    expect(parseConfig(named('Shop "rw"'))).toHaveProperty('applicationRole', 'Shop "rw"');
  });

  it.each(['applicationSecretArn', 'applicationTargetSecretArn', 'applicationSecretKeyArn', 'applicationTargetSecretKeyArn'])(
    'refuse %s of another region',
    (key) => {
      const here = CONTEXT.sourceSecretArn.replace('shop', 'application');
      const own = CONTEXT.sourceSecretArn.replace('shop', 'own');
      const there = (key.includes('Key') ? 'arn:aws:kms:eu-central-1:111122223333:key/0b1c2d3e' : here).replace(
        'eu-central-1',
        'us-east-1',
      );
      const problems = problemsOf({ ...CONTEXT, applicationSecretArn: here, applicationTargetSecretArn: own, [key]: there });
      expect(problems).toEqual([`"${key}" is in another account or region than "sourceSecretArn"; put it beside the cluster.`]);
    },
  );

  const other = CONTEXT.sourceSecretArn.replace('shop', 'other');
  it.each([
    [{ targetSecretArn: CONTEXT.sourceSecretArn }, ['"sourceSecretArn" and "targetSecretArn"']],
    [{ applicationSecretArn: CONTEXT.sourceSecretArn }, ['"sourceSecretArn" and "applicationSecretArn"']],
    [{ targetSecretArn: other, applicationSecretArn: other }, ['"targetSecretArn" and "applicationSecretArn"']],
    [{ applicationSecretArn: other, applicationTargetSecretArn: other }, ['"applicationSecretArn" and "applicationTargetSecretArn"']],
    [
      { applicationSecretArn: other, applicationTargetSecretArn: CONTEXT.sourceSecretArn },
      ['"sourceSecretArn" and "applicationTargetSecretArn"'],
    ],
    [
      { targetSecretArn: CONTEXT.sourceSecretArn, applicationSecretArn: CONTEXT.sourceSecretArn },
      [
        '"sourceSecretArn" and "targetSecretArn"',
        '"sourceSecretArn" and "applicationSecretArn"',
        '"targetSecretArn" and "applicationSecretArn"',
      ],
    ],
  ])('refuse one secret in two roles, naming both settings and the ARN: %j (#9.12)', (settings, pairs) => {
    const problems = problemsOf({ ...CONTEXT, ...settings });
    expect(problems).toHaveLength(pairs.length);
    for (const pair of pairs) {
      const [problem = ''] = problems.filter((one) => one.startsWith(pair));
      expect(problem).toMatch(/name one secret, arn:aws:secretsmanager:.*:secret:\S+: it holds one login.*Give each a secret of its own\./);
    }
  });

  it('recognise an ARN without its random suffix that looks complete because of its name (#9.12)', () => {
    const whole = `${CONTEXT.sourceSecretArn.replace(/secret:.*/, 'secret:shop-master')}-AbC123`;
    const short = whole.slice(0, -'-AbC123'.length);
    const problems = problemsOf({ ...CONTEXT, sourceSecretArn: whole, applicationSecretArn: short });
    expect(problems).toEqual([expect.stringContaining('"sourceSecretArn" and "applicationSecretArn" name one secret')]);
  });

  it("accept the target's login as the application's own there, and names that only resemble each other (#9.12)", () => {
    const own = { applicationSecretArn: CONTEXT.sourceSecretArn.replace('shop', 'application') };
    expect(problemsOf({ ...CONTEXT, ...own, targetSecretArn: other, applicationTargetSecretArn: other })).toEqual([]);
    expect(problemsOf({ ...CONTEXT, applicationSecretArn: `${CONTEXT.sourceSecretArn.slice(0, -7)}-app-XyZ789` })).toEqual([]);
  });

  it('admit every address only by a setting of its own, and not beside a list', () => {
    for (const planetscaleEgress of ['0.0.0.0/0', '0.0.0.0/1,128.0.0.0/1'])
      expect(problemsOf({ ...CONTEXT, planetscaleEgress })).not.toEqual([]);
    expect(problemsOf({ ...CONTEXT, allowAnyAddress: 'true' })).toEqual([]);
    expect(problemsOf({ ...CONTEXT, allowAnyAddress: 'true', planetscaleEgress: '3.64.1.2' })).toEqual([
      expect.stringContaining('"planetscaleEgress" means nothing beside it'),
    ]);
    expect(problemsOf({ ...CONTEXT, allowAnyAddress: 'yes' })).toHaveLength(1);
  });

  const behind = { ...CONTEXT, access: 'load-balancer', publicSubnetIds: 'subnet-00000000000000001,subnet-00000000000000002' };

  it('lead PlanetScale to the cluster by a load balancer in public subnets, which have to be named', () => {
    expect(parseConfig(behind)).toMatchObject({
      access: 'load-balancer',
      publicSubnetIds: ['subnet-00000000000000001', 'subnet-00000000000000002'],
    });
    expect(problemsOf({ ...CONTEXT, access: 'load-balancer' })).toEqual([expect.stringContaining('needs "publicSubnetIds"')]);
    expect(problemsOf({ ...behind, access: 'public' })).toEqual(['"publicSubnetIds" means nothing without "access" "load-balancer".']);
    expect(problemsOf({ ...behind, publicSubnetIds: '[]' })).toContainEqual(expect.stringContaining('"publicSubnetIds" must not be empty'));
    expect(problemsOf({ ...behind, subnetIds: 'subnet-00000000000000001' })).toEqual([
      expect.stringMatching(/^subnet-00000000000000001 cannot be in "subnetIds" and in "publicSubnetIds"/),
    ]);
    expect(problemsOf({ ...CONTEXT, access: 'private' })).toEqual([expect.stringContaining('must be one of')]);
  });

  it('verify no name that the certificate of the cluster does not have', () => {
    expect(problemsOf({ ...behind, subscriptionSslmode: 'verify-full' })).toEqual([
      expect.stringMatching(/cannot be "verify-full".*the certificate names the cluster/),
    ]);
    expect(problemsOf({ ...behind, subscriptionSslmode: 'require' })).toEqual([]);
  });

  it('understand the former name of the access, unless it says something else', () => {
    expect(parseConfig({ ...CONTEXT, publicAccess: 'false' })).toMatchObject({ access: 'own', publicAccess: false });
    expect(parseConfig({ ...CONTEXT, publicAccess: true })).toMatchObject({ access: 'public' });
    expect(problemsOf({ ...CONTEXT, publicAccess: 'false', access: 'own' })).toEqual([]);
    for (const [publicAccess, access] of [
      ['false', 'public'],
      ['true', 'own'],
    ])
      expect(problemsOf({ ...CONTEXT, publicAccess, access })).toEqual([
        expect.stringMatching(/^"access" is .*leave "publicAccess" out\.$/),
      ]);
    expect(problemsOf({ ...behind, publicAccess: 'false' })).toEqual([expect.stringContaining('which means "own"')]);
  });

  it('open nothing where PlanetScale takes a way of its own', () => {
    for (const access of [{ access: 'own' }, { publicAccess: 'false' }]) {
      expect(problemsOf({ ...CONTEXT, ...access })).toEqual([]);
      expect(problemsOf({ ...CONTEXT, ...access, planetscaleEgress: '3.64.1.2' })).toEqual([
        'With "access" "own" nothing is opened, so "planetscaleEgress" means nothing; leave it out.',
      ]);
      expect(problemsOf({ ...CONTEXT, ...access, allowAnyAddress: 'true' })).toEqual([expect.stringContaining('"allowAnyAddress"')]);
    }
  });

  it('report every wrong item of a list, and every wrong default', () => {
    expect(problemsOf({ ...CONTEXT, planetscaleEgress: '0.0.0.0/0,here,1.2.3.4' })).toHaveLength(2);
    expect(problemsOf({ ...CONTEXT, inputDefaults: '{"indexWorkers": 99, "colour": 1}' })).toHaveLength(2);
  });
});
