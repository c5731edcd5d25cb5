import { expect, it } from 'vitest';
import { withRolesRenamed } from '../../../../lambdas/schema/dump/renamed-roles.ts';

const NAMES = new Map([
  ['aurora_master', 'postgres'],
  ['odd "one', 'pscale_api_x'],
]);
const renamed = (text: string): string | undefined => withRolesRenamed([{ entry: undefined, text }], NAMES)[0]?.text;

it.each([
  [
    'CREATE POLICY "aurora_master" ON "TO"."aurora_master" FOR SELECT TO "aurora_master", "other", "odd ""one" USING (("owner" = \'aurora_master\'))',
    'CREATE POLICY "aurora_master" ON "TO"."aurora_master" FOR SELECT TO "postgres", "other", "pscale_api_x" USING (("owner" = \'aurora_master\'))',
  ],
  [
    'CREATE POLICY "p" ON "s"."t" FOR INSERT TO "aurora_master" WITH CHECK (true)',
    'CREATE POLICY "p" ON "s"."t" FOR INSERT TO "postgres" WITH CHECK (true)',
  ],
  ['CREATE POLICY "p" ON "s"."t" TO "aurora_master"', 'CREATE POLICY "p" ON "s"."t" TO "postgres"'],
  [
    `CREATE USER MAPPING FOR "aurora_master" SERVER "aurora_master" OPTIONS ( "user" 'aurora_master')`,
    `CREATE USER MAPPING FOR "postgres" SERVER "aurora_master" OPTIONS ( "user" 'aurora_master')`,
  ],
])('names the roles of %s as the target does', (text, expected) => {
  expect(renamed(text)).toBe(expected);
});

it('leaves a policy without roles, and every other statement, as it is', () => {
  for (const text of ['CREATE POLICY "p" ON "s"."t" USING (("aurora_master" = 1))', 'CREATE TABLE "s"."aurora_master" (a int)']) {
    expect(renamed(text)).toBe(text);
  }
});
