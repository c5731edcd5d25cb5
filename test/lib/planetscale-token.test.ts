/** What the token of PlanetScale's API adds to the rights of the stack, and to nobody else's. */
import { describe, expect, it } from 'vitest';
import type { StepName } from '../../lambdas/engine/machines.ts';
import { STEP_NAMES, stepNamed } from '../../lambdas/steps/index.ts';
import { synthesized, whoMay } from '../support/synthesized.ts';

const TOKEN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:planetscale-token-XyZ987';
const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef';
const plain = synthesized();
const stack = synthesized({
  ...{ planetscaleOrganization: 'acme', planetscaleDatabase: 'shop', planetscaleBranch: 'main', targetHost: 'private' },
  ...{ planetscaleTokenSecretArn: TOKEN, planetscaleTokenSecretKeyArn: KEY },
});
const stepsThatNeed = (...needs: string[]): StepName[] =>
  STEP_NAMES.filter((step) => (stepNamed(step).needs as readonly string[]).some((need) => needs.includes(need)));
const resourcesOf = (step: StepName, action: string): unknown[] =>
  stack
    .rightsOf(step)
    .filter(({ actions }) => actions.includes(action))
    .flatMap(({ resources }) => resources);
const targetSecret = { Ref: stack.idOf('TargetSecret/Resource') };
/** Statements of all policies with one of these actions. */
const statementsWith = (of: typeof stack, ...actions: string[]) =>
  Object.values(of.template.findResources('AWS::IAM::Policy'))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .filter(({ Action }) => [Action].flat().some((action: string) => actions.includes(action)));

describe('the token', () => {
  const users = stepsThatNeed('planetscale', 'planetscaleSetup', 'planetscaleRestore');

  it('is read by the steps that call the API, with its key, and by no other', () => {
    const readers = STEP_NAMES.filter((step) => resourcesOf(step, 'secretsmanager:GetSecretValue').includes(TOKEN));
    expect(readers).toEqual(users);
    expect(users).toEqual(expect.arrayContaining(['ConfigureTarget', 'RestoreTarget']));
    expect(STEP_NAMES.filter((step) => resourcesOf(step, 'kms:Decrypt').includes(KEY))).toEqual(users);
  });

  it.each(users)('is found by %s with the branch that it is for', (step) => {
    expect(stack.functionOf(step).Environment.Variables).toMatchObject({
      ...{ PLANETSCALE_ORGANIZATION: 'acme', PLANETSCALE_DATABASE: 'shop', PLANETSCALE_BRANCH: 'main' },
      PLANETSCALE_TOKEN_SECRET_ARN: TOKEN,
    });
    expect(stack.functionOf(step).Environment.Variables).not.toHaveProperty('PLANETSCALE_API_URL');
    expect(Object.keys(plain.functionOf(step).Environment.Variables).filter((name) => name.startsWith('PLANETSCALE_'))).toEqual([]);
  });
});

describe('the journal of the branch', () => {
  const tagging = ['secretsmanager:TagResource', 'secretsmanager:UntagResource'];

  it("is written under the stack's own prefix alone", () => {
    const statements = statementsWith(stack, ...tagging);
    expect(statements).toHaveLength(stepsThatNeed('targetJournal').length);
    for (const statement of statements) {
      expect(statement).toMatchObject({
        Resource: TOKEN,
        Condition: {
          'ForAllValues:StringLike': { 'aws:TagKeys': ['planetscale-migration:AuroraToPlanetScale:*'] },
          Null: { 'aws:TagKeys': 'false' },
        },
      });
    }
    expect(whoMay(plain, 'secretsmanager:TagResource')).toEqual([]);
  });
});

describe('the target secret', () => {
  it('is filled in and emptied by the steps that make and delete the login, and only with a token', () => {
    const writers = stepsThatNeed('targetSecret');
    expect(writers).toEqual(['ConfigureTarget', 'RestoreTarget']);
    for (const action of ['secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage']) {
      expect(
        STEP_NAMES.filter((step) => resourcesOf(step, action).some((one) => JSON.stringify(one) === JSON.stringify(targetSecret))),
      ).toEqual(writers);
      expect(whoMay(plain, action)).not.toEqual(expect.arrayContaining(writers));
    }
    for (const statement of statementsWith(stack, 'secretsmanager:UpdateSecretVersionStage')) {
      expect(statement.Condition).toEqual({
        StringEquals: { 'secretsmanager:VersionStage': ['AWSCURRENT', 'planetscale-migration-staged'] },
      });
    }
  });
});
