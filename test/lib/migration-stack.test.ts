import { isDeepStrictEqual } from 'node:util';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { REPLICATION_ROLE } from '../../lambdas/config/names.ts';
import type { StepName } from '../../lambdas/engine/machines.ts';
import { MACHINE_NAMES, MACHINES, stepsOf } from '../../lambdas/engine/machines.ts';
import { needsOf, STEP_NAMES } from '../../lambdas/steps/index.ts';
import { CONTEXT, synthesized, whoMay } from '../support/synthesized.ts';

const stack = synthesized();
const given = synthesized({
  targetSecretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:planetscale-XyZ987',
  targetSecretKeyArn: 'arn:aws:kms:eu-central-1:111122223333:key/0b1c2d3e-0000-4000-8000-000000000000',
  clusterInstances: 'writer-1,writer-2',
  clusterPort: '6000',
  preloadPglogical: 'false',
  engineVersion: '13.20',
  inputDefaults: '{"indexWorkers": 8}',
  stackName: 'Other',
});
const arnOf = (name: string): string => `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${name}-AbC123`;
const keyOf = (digit: number): string => `arn:aws:kms:eu-central-1:111122223333:key/0b1c2d3e-0000-4000-8000-00000000000${digit}`;
const WITH_APPLICATION = {
  applicationSecretArn: arnOf('shop-application'),
  applicationSecretKeyArn: keyOf(1),
  applicationTargetSecretArn: arnOf('shop-at-planetscale'),
  applicationTargetSecretKeyArn: keyOf(2),
  switchHookArn: 'arn:aws:lambda:eu-central-1:111122223333:function:pause-workers:live',
};
const switching = synthesized(WITH_APPLICATION);
/** What only the steps that carry out a switch, or end one, may do. */
const SWITCHING_STEPS: readonly StepName[] = ['SwitchOver', 'LiftFence', 'SwitchBack'];

const stepsThatNeed = (...needs: string[]): StepName[] => STEP_NAMES.filter((step) => needsOf(step).some((need) => needs.includes(need)));
const resourcesOf = (step: StepName, action: string, of = stack): unknown[] =>
  of
    .rightsOf(step)
    .filter(({ actions }) => actions.includes(action))
    .flatMap(({ resources }) => resources);
const secret = (id: string) => ({ Ref: stack.idOf(`${id}/Resource`) });

describe('the setting of the way back (#10)', () => {
  const told = synthesized({ reverseHost: 'private.example', reversePort: '6000', reverseSslmode: 'require' });
  const variables = (of: typeof stack, step: StepName) => of.functionOf(step).Environment.Variables;

  it.each(stepsThatNeed('wayBack', 'replication'))('is passed to the function of %s as the deployment has it, or not at all', (step) => {
    expect(variables(told, step)).toMatchObject({ REVERSE_HOST: 'private.example', REVERSE_PORT: '6000', REVERSE_SSLMODE: 'require' });
    expect(Object.keys(variables(stack, step)).filter((name) => name.startsWith('REVERSE_'))).toEqual([]);
  });

  it('is checked before the copy, without the secret of the replication role', () => {
    expect(needsOf('CheckReadiness')).toContain('wayBack');
    expect(variables(stack, 'CheckReadiness')).not.toHaveProperty('REPLICATION_SECRET_ARN');
  });
});

describe('the rights of the stack', () => {
  it('are exactly those listed here on RDS, Step Functions and secrets', () => {
    const actions = new Set(STEP_NAMES.flatMap((step) => stack.rightsOf(step).flatMap((right) => right.actions)));
    expect([...actions].filter((action) => !/^(logs|xray|ec2):/.test(action)).sort()).toEqual([
      'lambda:GetAccountSettings',
      'lambda:InvokeFunction',
      'rds:AddTagsToResource',
      'rds:DescribeDBClusterParameterGroups',
      'rds:DescribeDBClusterParameters',
      'rds:DescribeDBClusters',
      'rds:DescribeDBInstances',
      'rds:DescribeDBProxies',
      'rds:DescribeDBProxyEndpoints',
      'rds:DescribeDBProxyTargets',
      'rds:DescribeGlobalClusters',
      'rds:ListTagsForResource',
      'rds:ModifyDBCluster',
      'rds:ModifyDBClusterParameterGroup',
      'rds:ModifyDBInstance',
      'rds:RebootDBInstance',
      'rds:RemoveTagsFromResource',
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetSecretValue',
      'secretsmanager:PutSecretValue',
      'states:DescribeExecution',
      'states:ListExecutions',
    ]);
    const further = new Set(STEP_NAMES.flatMap((step) => switching.rightsOf(step).flatMap((right) => right.actions)));
    expect([...further].filter((action) => !actions.has(action)).sort()).toEqual([
      'kms:Decrypt',
      'kms:GenerateDataKey',
      'secretsmanager:UpdateSecretVersionStage',
    ]);
    expect([...further].filter((action) => action.includes('*'))).toEqual([]);
  });

  it.each(STEP_NAMES)('let %s read the secrets that it needs, and no other', (step) => {
    const needs = new Set<string>(needsOf(step));
    const expected = [
      ...(['source', 'schemaDump', 'replication', 'comparison', 'partCopy'].some((need) => needs.has(need))
        ? [CONTEXT.sourceSecretArn]
        : []),
      ...(needs.has('target') || needs.has('comparison') ? [secret('TargetSecret')] : []),
      ...(['replication', 'comparison', 'partCopy'].some((need) => needs.has(need)) ? [secret('ReplicationSecret')] : []),
    ];
    const readable = resourcesOf(step, 'secretsmanager:GetSecretValue');
    expect(readable).toHaveLength(expected.length);
    expect(readable).toEqual(expect.arrayContaining(expected));
  });

  it('let a function decrypt with the key of a secret only where it reads the secret', () => {
    expect(whoMay(given, 'kms:Decrypt')).toEqual(stepsThatNeed('target', 'comparison'));
    expect(whoMay(stack, 'kms:Decrypt')).toEqual([]);
  });

  it('let SwitchOver, SwitchBack and LiftFence alone put a value into the secret of the application, and into no other', () => {
    expect(whoMay(switching, 'secretsmanager:PutSecretValue')).toEqual([...SWITCHING_STEPS, 'RotatePassword']);
    for (const step of SWITCHING_STEPS) {
      expect(resourcesOf(step, 'secretsmanager:PutSecretValue', switching)).toEqual([WITH_APPLICATION.applicationSecretArn]);
      expect(resourcesOf(step, 'kms:GenerateDataKey', switching)).toEqual([WITH_APPLICATION.applicationSecretKeyArn]);
    }
    expect(whoMay(switching, 'kms:GenerateDataKey')).toEqual(SWITCHING_STEPS);
  });

  it('let RotatePassword alone put a value into the secret of the replication role, and into no other', () => {
    expect(whoMay(stack, 'secretsmanager:PutSecretValue')).toEqual(['RotatePassword']);
    expect(resourcesOf('RotatePassword', 'secretsmanager:PutSecretValue')).toEqual([secret('ReplicationSecret')]);
  });

  it('let these and DropReplication move our own label of the secret, and never AWSCURRENT', () => {
    const movers = stepsThatNeed('application', 'applicationOriginal');
    expect(movers).toEqual(expect.arrayContaining([...SWITCHING_STEPS, 'DropReplication']));
    expect(whoMay(switching, 'secretsmanager:UpdateSecretVersionStage')).toEqual(movers);
    const statements = Object.values(switching.template.findResources('AWS::IAM::Policy')).flatMap(
      ({ Properties }) => Properties.PolicyDocument.Statement,
    );
    const moving = statements.filter(({ Action }) => [Action].flat().includes('secretsmanager:UpdateSecretVersionStage'));
    expect(moving).toHaveLength(movers.length);
    for (const statement of moving) {
      expect(statement).toMatchObject({
        Action: 'secretsmanager:UpdateSecretVersionStage',
        Resource: WITH_APPLICATION.applicationSecretArn,
        Condition: { StringEquals: { 'secretsmanager:VersionStage': 'planetscale-migration-source' } },
      });
    }
  });

  it('let a step that reads the secret of the application read what it is compared with, and nothing more', () => {
    const readers = STEP_NAMES.filter((step) =>
      resourcesOf(step, 'secretsmanager:GetSecretValue', switching).includes(WITH_APPLICATION.applicationSecretArn),
    );
    expect(readers).toEqual(stepsThatNeed('application', 'applicationView'));
    expect(readers).toContain('CheckReadiness');
    for (const step of readers) {
      // Whether it rotates, and who owns it (#9.12).
      expect(resourcesOf(step, 'secretsmanager:DescribeSecret', switching)).toContain(WITH_APPLICATION.applicationSecretArn);
      const readable = resourcesOf(step, 'secretsmanager:GetSecretValue', switching);
      expect(readable).toEqual(
        expect.arrayContaining([
          CONTEXT.sourceSecretArn,
          { Ref: switching.idOf('TargetSecret/Resource') },
          WITH_APPLICATION.applicationTargetSecretArn,
        ]),
      );
      expect(switching.functionOf(step).Environment.Variables).toMatchObject({
        APPLICATION_SECRET_ARN: WITH_APPLICATION.applicationSecretArn,
        APPLICATION_TARGET_SECRET_ARN: WITH_APPLICATION.applicationTargetSecretArn,
      });
    }
  });

  it('let only those read the password of the application that make its login, try it or put it into its secret, where none is given', () => {
    const { applicationSecretArn } = WITH_APPLICATION;
    const plain = synthesized({ applicationSecretArn, applicationRole: 'Shop "rw"' });
    const password = { Ref: plain.idOf('ApplicationLogin/Resource') };
    const readers = STEP_NAMES.filter((step) =>
      resourcesOf(step, 'secretsmanager:GetSecretValue', plain).some((one) => isDeepStrictEqual(one, password)),
    );
    expect(readers).toEqual(stepsThatNeed('application', 'applicationLogin'));
    expect(readers).toEqual(['CreateApplicationLogin', 'CheckCutover', 'SwitchOver', 'LiftFence', 'SwitchBack']);
    for (const step of stepsThatNeed('application', 'applicationView', 'applicationLogin')) {
      expect(plain.functionOf(step).Environment.Variables).toMatchObject({
        APPLICATION_LOGIN_SECRET_ARN: password,
        APPLICATION_ROLE: 'Shop "rw"',
      });
      expect(plain.functionOf(step).Environment.Variables).not.toHaveProperty('APPLICATION_TARGET_SECRET_ARN');
    }
    expect(whoMay(plain, 'secretsmanager:PutSecretValue')).not.toContain('CreateApplicationLogin');
    expect(whoMay(plain, 'kms:GenerateDataKey')).toEqual([]);
  });

  it('make no password of the application where its login is given, or where it has no secret', () => {
    for (const of of [stack, switching]) {
      expect(() => of.idOf('ApplicationLogin/Resource')).toThrow();
      expect(of.functionOf('CreateApplicationLogin').Environment.Variables).not.toHaveProperty('APPLICATION_LOGIN_SECRET_ARN');
    }
  });

  it('let the steps that switch, or end a switch, call the hook function, and no other function', () => {
    const callers = stepsThatNeed('hook');
    expect(callers).toEqual(SWITCHING_STEPS);
    expect(whoMay(switching, 'lambda:InvokeFunction')).toEqual(
      STEP_NAMES.filter((step) => [...callers, ...stepsThatNeed('functions')].includes(step)),
    );
    for (const step of callers) {
      expect(resourcesOf(step, 'lambda:InvokeFunction', switching)).toEqual([WITH_APPLICATION.switchHookArn]);
      expect(switching.functionOf(step).Environment.Variables.SWITCH_HOOK_ARN).toBe(WITH_APPLICATION.switchHookArn);
    }
  });

  it.each([
    ['CheckCutover', ['SwitchOver', 'LiftFence']],
    ['CheckRollback', ['SwitchBack', 'LiftFence']],
  ] as const)('let %s wake the functions of its switch, %j, and call no other (#9.18)', (step, woken) => {
    const arns = woken.map((other) => ({ 'Fn::GetAtt': [stack.idOf(`Migration/${other}/Function/Resource`), 'Arn'] }));
    expect(stepsThatNeed('functions')).toEqual(['CheckCutover', 'CheckRollback']);
    const callable = resourcesOf(step, 'lambda:InvokeFunction');
    expect(callable).toHaveLength(arns.length);
    expect(callable).toEqual(expect.arrayContaining(arns));
    expect(stack.functionOf(step).Environment.Variables.SWITCH_FUNCTION_ARNS).toEqual({ 'Fn::Join': ['', [arns[0], ',', arns[1]]] });
  });

  it('are absent for the application where neither a secret nor a hook function is given', () => {
    expect(whoMay(stack, 'secretsmanager:UpdateSecretVersionStage')).toEqual([]);
    expect(whoMay(stack, 'lambda:InvokeFunction')).toEqual(stepsThatNeed('functions'));
    for (const step of STEP_NAMES) {
      const variables = Object.keys(stack.functionOf(step).Environment.Variables);
      expect(variables.filter((name) => /APPLICATION|HOOK/.test(name))).toEqual([]);
    }
  });

  it('let the steps that count functions read the limits of the account, and no other', () => {
    expect(whoMay(stack, 'lambda:GetAccountSettings')).toEqual(stepsThatNeed('concurrency'));
    expect(stepsThatNeed('concurrency')).toContain('CheckReadiness');
    for (const step of stepsThatNeed('concurrency')) expect(resourcesOf(step, 'lambda:GetAccountSettings')).toEqual(['*']);
  });

  it('let a first step of an acting machine list and describe executions of the acting machines only', () => {
    for (const name of MACHINE_NAMES.filter((machine) => MACHINES[machine].acts && machine !== 'Recovery'))
      expect(stepsOf(MACHINES[name]).filter((step) => stepsThatNeed('executions').includes(step))).not.toEqual([]);
    expect(whoMay(stack, 'states:ListExecutions')).toEqual(stepsThatNeed('executions'));
    for (const step of stepsThatNeed('executions')) {
      const acting = MACHINE_NAMES.filter((name) => MACHINES[name].acts);
      const arns = acting.map((name) => `arn:aws:states:eu-central-1:111122223333:stateMachine:AuroraToPlanetScale-${name}`);
      expect(resourcesOf(step, 'states:ListExecutions').toSorted()).toEqual(arns.toSorted());
      expect(stack.functionOf(step).Environment.Variables.ACTING_MACHINE_ARNS).toBe(arns.join(','));
      const executions = acting.map((name) => `arn:aws:states:eu-central-1:111122223333:execution:AuroraToPlanetScale-${name}:*`);
      expect(resourcesOf(step, 'states:DescribeExecution').toSorted()).toEqual(executions.toSorted()); // (#9.19)
    }
  });
});

describe('the functions of the stack', () => {
  it.each(STEP_NAMES)('for %s run on the one bundle, with the common defaults', (step) => {
    expect(stack.functionOf(step)).toMatchObject({
      Code: stack.functionOf('CheckReadiness').Code,
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Timeout: 900,
      Environment: { Variables: { STEP: step } },
    });
  });

  it('are in the VPC exactly where they connect to a database', () => {
    const inNetwork = STEP_NAMES.filter((step) => stack.functionOf(step).VpcConfig !== undefined);
    expect(inNetwork).toEqual(stepsThatNeed('source', 'target', 'schemaDump', 'replication', 'comparison'));
    expect(inNetwork.length).toBeLessThan(STEP_NAMES.length);
    for (const step of inNetwork) expect(stack.functionOf(step).VpcConfig.SubnetIds).toEqual(CONTEXT.subnetIds.split(','));
    expect(whoMay(stack, 'ec2:CreateNetworkInterface')).toEqual(inNetwork);
  });

  it('have the defaults of the deployment', () => {
    expect(stack.functionOf('CopySchema').Environment.Variables.INPUT_DEFAULTS).toBe('{}');
    expect(given.functionOf('CopySchema').Environment.Variables.INPUT_DEFAULTS).toBe('{"indexWorkers":8}');
  });

  it('hold no password in their environment', () => {
    for (const step of STEP_NAMES) {
      const { STEP: _itself, ...variables } = stack.functionOf(step).Environment.Variables;
      expect(JSON.stringify(variables)).not.toMatch(/resolve:secretsmanager|password/i);
    }
  });

  it("keep their logs for a limited time, encrypted by the account's default", () => {
    expect(() =>
      stack.template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 90, KmsKeyId: Match.absent() }),
    ).not.toThrow();
  });

  it('have memory for large schemas, and a whole processor where their time is downtime', () => {
    const memory = (step: StepName) => stack.functionOf(step).MemorySize;
    for (const step of STEP_NAMES) expect(memory(step)).toBeGreaterThanOrEqual(512);
    expect([memory('CopySchema'), memory('SwitchOver'), memory('SwitchBack')]).toEqual([1769, 1769, 1769]);
    expect([memory('CheckCutover'), memory('CheckRollback')]).toEqual([1024, 1024]);
  });
});

describe('the machines of the stack', () => {
  it.each(MACHINE_NAMES)('%s is a standard machine that is traced and logged, without the data of its states', (name) => {
    stack.template.hasResourceProperties('AWS::StepFunctions::StateMachine', {
      StateMachineName: `AuroraToPlanetScale-${name}`,
      StateMachineType: Match.absent(), // STANDARD
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
    });
  });

  it('log to groups with a prefix that needs no resource policy, one for each machine of each stack (#9.20)', () => {
    for (const [of, name] of [
      [stack, 'AuroraToPlanetScale'],
      [given, 'Other'],
    ] as const) {
      const groups = MACHINE_NAMES.map((machine) => {
        const { LoggingConfiguration } = of.machineOf(machine);
        const [{ CloudWatchLogsLogGroup }] = LoggingConfiguration.Destinations;
        const [id] = CloudWatchLogsLogGroup.LogGroupArn['Fn::GetAtt'];
        const { Properties, DeletionPolicy } = of.template.toJSON().Resources[id];
        expect({ ...Properties, DeletionPolicy }).toMatchObject({ RetentionInDays: 90, DeletionPolicy: 'Delete' });
        return Properties.LogGroupName;
      });
      expect(groups).toEqual(MACHINE_NAMES.map((machine) => `/aws/vendedlogs/states/${name}-${machine}`));
    }
  });

  it('carry the name of their stack, so that two stacks do not collide', () => {
    for (const name of MACHINE_NAMES) {
      given.template.hasResourceProperties('AWS::StepFunctions::StateMachine', { StateMachineName: `Other-${name}` });
    }
  });
});

describe('the map of the copy in parts', () => {
  it('gives its machine the right to start children of its own, and to look after these, and nothing else', () => {
    const [policy] = Object.values(stack.template.findResources('AWS::IAM::Policy')).filter(({ Properties }) =>
      JSON.stringify(Properties).includes('states:RedriveExecution'),
    );
    const machine = { Ref: stack.idOf('Migration/Replicate/Machine/Resource') };
    const name = { 'Fn::Select': [6, { 'Fn::Split': [':', machine] }] };
    const executions = (of: string) => ({
      'Fn::Join': ['', ['arn:aws:states:eu-central-1:111122223333:execution:', name, of]],
    });
    expect(policy?.Properties.Roles).toEqual([{ Ref: stack.idOf('Migration/Replicate/Machine/Role/Resource') }]);
    expect(policy?.Properties.PolicyDocument.Statement).toEqual([
      { Effect: 'Allow', Action: 'states:StartExecution', Resource: machine },
      { Effect: 'Allow', Action: ['states:DescribeExecution', 'states:StopExecution'], Resource: executions(':*') },
      { Effect: 'Allow', Action: 'states:RedriveExecution', Resource: executions('/CopyInParts:*') },
    ]);
  });
});

describe('the rule that starts Recovery', () => {
  const machineArn = (name: string) => ({ Ref: stack.idOf(`Migration/${name}/Machine/Resource`) });

  it('matches every execution of Cutover and of Rollback that does not succeed, and passes its name', () => {
    stack.template.hasResourceProperties('AWS::Events::Rule', {
      State: 'ENABLED',
      EventPattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: { status: ['ABORTED', 'FAILED', 'TIMED_OUT'], stateMachineArn: [machineArn('Cutover'), machineArn('Rollback')] },
      },
      Targets: [
        Match.objectLike({
          Arn: machineArn('Recovery'),
          InputTransformer: { InputPathsMap: { 'detail-name': '$.detail.name' }, InputTemplate: '{"execution":<detail-name>}' },
        }),
      ],
    });
  });

  it('may start nothing else', () => {
    const starting = Object.values(stack.template.findResources('AWS::IAM::Policy')).flatMap(({ Properties }) =>
      JSON.stringify(Properties).includes('states:StartExecution') ? [Properties] : [],
    );
    const ofTheRule = starting.filter(
      ({ Roles }) => !JSON.stringify(Roles).includes(stack.idOf('Migration/Replicate/Machine/Role/Resource')),
    );
    expect(starting).toHaveLength(2);
    expect(ofTheRule.flatMap(({ PolicyDocument }) => PolicyDocument.Statement)).toEqual([
      { Effect: 'Allow', Action: 'states:StartExecution', Resource: machineArn('Recovery') },
    ]);
  });
});

describe('the resources of the stack', () => {
  it('include a parameter group for the engine, with at least ten of each count', () => {
    const [group] = Object.values(stack.template.findResources('AWS::RDS::DBClusterParameterGroup'));
    const { 'rds.logical_replication': logical, shared_preload_libraries: libraries, ...sizes } = group?.Properties.Parameters ?? {};
    expect(group?.Properties.Family).toBe('aurora-postgresql15');
    expect(logical).toBe('1');
    expect(libraries).toBe('pg_stat_statements,pglogical');
    expect(Object.keys(sizes).sort()).toEqual([
      'max_logical_replication_workers',
      'max_replication_slots',
      'max_wal_senders',
      'max_worker_processes',
    ]);
    for (const size of Object.values<string>(sizes)) expect(Number(/(\d+)\)?$/.exec(size)?.[1])).toBeGreaterThanOrEqual(10);
  });

  it('exclude pglogical where it is not wanted', () => {
    given.template.hasResourceProperties('AWS::RDS::DBClusterParameterGroup', {
      Family: 'aurora-postgresql13',
      Parameters: Match.objectLike({ shared_preload_libraries: Match.absent() }),
    });
  });

  it('include a target secret without a value, which no update overwrites, and which says what to put in', () => {
    stack.template.hasResourceProperties('AWS::SecretsManager::Secret', {
      Description: Match.stringLikeRegexp('Put in {"url": "postgresql://'),
      GenerateSecretString: Match.absent(),
      SecretString: Match.absent(),
    });
    expect(Object.keys(given.template.findResources('AWS::SecretsManager::Secret'))).toHaveLength(1);
  });

  it('include a generated login of the replication role', () => {
    stack.template.hasResourceProperties('AWS::SecretsManager::Secret', {
      GenerateSecretString: {
        SecretStringTemplate: JSON.stringify({ username: REPLICATION_ROLE }),
        GenerateStringKey: 'password',
        ExcludePunctuation: true,
        PasswordLength: Match.anyValue(),
      },
    });
  });

  it("let the functions in at the cluster's port, and out to databases and the AWS APIs only", () => {
    const out = (port: number) => Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: port, ToPort: port, IpProtocol: 'tcp' });
    stack.template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: [out(443), out(5432)],
      SecurityGroupIngress: Match.absent(),
    });
    stack.template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      GroupId: CONTEXT.clusterSecurityGroupId,
      FromPort: 5432,
      ToPort: 5432,
    });
    given.template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', { FromPort: 6000, ToPort: 6000 });
    given.template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
      FromPort: 6000,
      DestinationSecurityGroupId: CONTEXT.clusterSecurityGroupId,
    });
  });

  it('are followed by outputs with links to every machine and the names of the secrets', () => {
    const outputs = stack.template.findOutputs('*');
    expect(Object.keys(outputs).sort()).toEqual(
      [
        ...MACHINE_NAMES.map((name) => `${name}Console`),
        'BeforeDestroy',
        'DashboardConsole',
        'NotificationTopicArn',
        'ReplicationSecretName',
        'ReportConsole',
        'TargetSecretName',
      ].sort(),
    );
  });
});

describe('the AwsSolutions rules of the migration stack', () => {
  it('are run at all', () => {
    const app = new App();
    new Secret(new Stack(app, 'Careless'), 'NeverRotated');
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    expect(() => app.synth()).toThrow();
  });

  it('pass, but for the exceptions written beside their reasons', () => {
    expect(() => synthesized({}, true)).not.toThrow();
    expect(() => synthesized({ clusterInstances: 'writer-1', targetSecretArn: arnOf('shop-target') }, true)).not.toThrow();
    expect(() => synthesized(WITH_APPLICATION, true)).not.toThrow();
    expect(() => synthesized({ keepReports: 'false' }, true)).not.toThrow();
  });
});
