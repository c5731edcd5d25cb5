/**
 * Code whose owner is not trusted. Where owners are not carried, copied objects belong to the role that made the copy, so code of ordinary users
 * comes to run with its rights; and the reverse stream may run code on the source as the owner of its subscription. It is a warning, not a blocker: in most
 * databases the code belongs to the application, and only the operator knows.
 */
import { securityInvoker, takeRoutine } from '../../postgres/rights.sql.ts';
import { rightsOn } from '../../postgres/rights.ts';
import { willCarry } from '../../roles/mode.ts';
import {
  definerFunctions,
  type ForeignFunction,
  type Reached,
  type ReachedFunction,
  reachedFunctions,
} from '../../schema/code-of-others.sql.ts';
import { type Finding, listed, warning } from '../finding.ts';
import { onTargetIfKnown } from '../known.ts';
import type { CheckContext, ReadinessCheck } from './context.ts';

/** From here on changes are applied as the owner of each table, before as the owner of the subscription, which is our role. */
export const APPLIES_AS_TABLE_OWNER = 16;

/** Where the code is used and when the target runs it, as the end of a sentence. */
const RUNS: Readonly<Record<Reached, readonly [code: string, when: string]>> = {
  check: [
    'CodeInCheck',
    'check constraints, types, partition keys or (before version 15) generated columns, and so whenever a row is copied, applied or written',
  ],
  index: ['CodeInIndex', 'indexes or statistics, and so when these are built and whenever a row is applied or written'],
  default: ['CodeInDefault', 'defaults or generated columns, and so when rows are written, generated columns also when they are copied'],
  'materialized view': ['CodeInMaterializedView', 'materialized views, and so at every REFRESH, the first of which is ours'],
  policy: ['CodeInPolicy', 'policies, and so whenever a role that they concern reads or writes the table'],
  trigger: ['CodeInTrigger', 'triggers or rules, and so when rows are written after the switch by the owner of the copy'],
};

const describe = ({ object, owner, from, more }: ReachedFunction): string =>
  `${object} owner ${owner}, reached from ${[...from, ...(more > 0 ? [`${more} more`] : [])].join(', ')}`;

const REMEDY =
  'Read each function, and what it calls, before you start. Those that no other role shall be able to replace can be given to our role; or ' +
  'exclude the tables.';

const distinct = <Row extends ForeignFunction>(functions: readonly Row[]): string[] => [...new Set(functions.map(({ object }) => object))];

const take = (functions: readonly ForeignFunction[], role: string): string[] =>
  distinct(functions).map((object) => takeRoutine(object, role));

/**
 * The finding of code that a stream to a server before {@link APPLIES_AS_TABLE_OWNER} would run as our role there.
 * @param functions all that are reached on that server
 */
export const underStreamBack = (
  functions: readonly ReachedFunction[],
  { version, role, severity }: { readonly version: number; readonly role: string; readonly severity: Finding['severity'] },
): readonly Finding[] => {
  const streamed = version < APPLIES_AS_TABLE_OWNER ? functions.filter(({ underApply }) => underApply) : [];
  return listed({
    code: 'StreamBackRunsCodeOfOthers',
    severity,
    objects: streamed.map(describe),
    message:
      `Version ${version} applies changes with the rights of the subscription's owner, so after a switch the stream back would run these ` +
      `functions on the source as ${role}, and the roles that may replace them would have its rights.`,
    remedy:
      `${REMEDY} ${severity === 'warning' ? 'Cutover refuses the stream back until' : 'Until'} the choice is said: {"trustCode": true} consents to ` +
      'running them, {"reverse": false} goes without a way back.',
    statements: take(streamed, role),
  });
};

export const codeOfOthers: ReadinessCheck = {
  name: 'code of roles that are not trusted',
  async find(ctx) {
    const { source, sourceVersion, input } = ctx;
    const { role } = await rightsOn(source);
    const reached = await source.query(reachedFunctions(input));
    const back = input.reverse ? underStreamBack(reached, { version: sourceVersion, role, severity: 'warning' }) : [];
    return [...(await onTargetIfKnown(() => ofTheCopy(ctx, role, reached))), ...back];
  },
};

async function ofTheCopy(
  { source, target, input }: CheckContext,
  role: string,
  reached: readonly ReachedFunction[],
): Promise<readonly Finding[]> {
  // Carried code runs with the rights of its owner, and what it is called from belongs to whom it did.
  if (await willCarry(target, input)) return [];
  const definers = await source.query(definerFunctions(input));
  const byKind = (Object.keys(RUNS) as Reached[]).flatMap((kind): readonly Finding[] => {
    const functions = reached.filter((found) => found.kind === kind);
    const [code, when] = RUNS[kind];
    return warning({
      code,
      objects: functions.map(describe),
      message: `The target will run these functions of roles that are not trusted out of ${when}. The copied objects belong to our role there.`,
      remedy: REMEDY,
      statements: take(functions, role),
    });
  });
  return [
    ...warning({
      code: 'DefinerFunctionOfOthers',
      objects: definers.map(({ object, owner }) => `${object} owner ${owner}`),
      message:
        'These functions run with the rights of their owner, not of their caller. After the copy that is the role that made it, which may do ' +
        'much more than the owner on the source.',
      remedy:
        'Read each, and take security definer away where it is not needed; on the target, give the others to roles that may do little.',
      statements: distinct(definers).map(securityInvoker),
    }),
    ...byKind,
  ];
}
