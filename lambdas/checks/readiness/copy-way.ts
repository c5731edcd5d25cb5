/** By which way rows will be copied, and what a copy in parts asks of both sides and of the account. */
import { DEFAULT_COPY_WORKERS } from '../../config/input-keys.ts';
import { copyRole, REPLICATION_ROLE } from '../../config/names.ts';
import { PAGE_RANGES_SINCE } from '../../copy/plan-parts.ts';
import { type SessionRoom, sessionRoom } from '../../copy/session-room.sql.ts';
import { sourceTablesToCopy } from '../../copy/tables.sql.ts';
import { type Way, wayOfCopy } from '../../copy/way.ts';
import { type WorkerBound, type WorkerCount, workerBounds, workersFor } from '../../copy/workers.ts';
import type { Reader } from '../../ports/database.ts';
import type { RoleRights } from '../../postgres/rights.sql.ts';
import { loginAtTarget, rightsOn } from '../../postgres/rights.ts';
import { mayMakeRoles } from '../../roles/mode.ts';
import { copyPlan, copyPlanExists } from '../../state/copy-plan.sql.ts';
import { copyOn } from '../../state/earlier-copy.ts';
import { blocker, type Finding, warning } from '../finding.ts';
import { isPassedOver, onTargetIfKnown } from '../known.ts';
import type { CheckContext, ReadinessCheck } from './context.ts';
import { numberOf } from './settings.ts';
import { targetSettings } from './target-settings.ts';

const STREAM = '{"copy": "stream"}';
/** What is larger than so many parts may not be there when the time of a function is over. */
const PARTS_IN_ONE_PIECE = 10;
const GIBIBYTE = 1024 ** 3;
const MAX_CONNECTIONS = 'max_connections';

/** The way, and for parts the workers that are wanted and the size at which tables are split. */
type Course = (Way & { readonly way: 'stream' }) | (Way & { readonly way: 'parts'; readonly wanted: number; readonly partBytes: number });

export const copyWay: ReadinessCheck = {
  name: 'way of the copy',
  async find(ctx): Promise<readonly Finding[]> {
    const known = await onTargetIfKnown(() => onTarget(ctx));
    if (!known.some(isPassedOver)) return known;
    const course = await newCourse(ctx);
    return [...(course.way === 'stream' ? byStream(course) : inParts(course, undefined)), ...known];
  },
};

async function onTarget(ctx: CheckContext): Promise<readonly Finding[]> {
  const course = await courseOf(ctx);
  if (!course) return [];
  if (course.way === 'stream') return byStream(course);
  const { source, target, concurrency, input } = ctx;
  const { values } = await targetSettings(ctx, [MAX_CONNECTIONS]);
  const room = {
    source: await roomOn(source, REPLICATION_ROLE),
    target: { ...(await roomOn(target, copyRole(target.endpoint.database))), most: numberOf(values, MAX_CONNECTIONS) },
    concurrency: await concurrency.limit(),
    indexWorkers: input.indexWorkers,
  };
  const bounds = workerBounds(room);
  return [
    ...impossible(await rightsOn(target), bounds),
    ...inParts(course, workersFor({ ...room, wanted: course.wanted })),
    ...fewFunctions(course.wanted, bounds),
    ...(await inOnePiece(ctx, course.partBytes)),
  ];
}

/** Undefined where everything is copied in parts already. The way is decided when the schema is copied, and holds from then on. */
async function courseOf(ctx: CheckContext): Promise<Course | undefined> {
  const { target, input } = ctx;
  const { copyWorkers } = input;
  if (!(await copyOn(target))) return newCourse(ctx);
  const why = 'it has begun so';
  const [there] = await target.query(copyPlanExists());
  const [plan] = there?.exists ? await target.query(copyPlan()) : [];
  if (!plan) return { way: 'stream', why };
  return plan.finished ? undefined : { way: 'parts', why, partBytes: plan.partBytes, wanted: copyWorkers ?? plan.workers };
}

/** Of a copy that has not begun. */
async function newCourse({ input, tables }: CheckContext): Promise<Course> {
  const { partBytes, copyWorkers } = input;
  const { way, why } = wayOfCopy(input, await tables());
  return way === 'stream' ? { way, why } : { way, why, partBytes, wanted: copyWorkers ?? DEFAULT_COPY_WORKERS };
}

async function roomOn(reader: Reader, role: string): Promise<SessionRoom> {
  const [room] = await reader.query(sessionRoom(role));
  if (!room) throw new Error('the server does not show its sessions');
  return room;
}

const byStream = ({ why }: Way): readonly Finding[] =>
  warning({
    code: 'CopyWay',
    objects: ['stream'],
    message: `Rows are copied by the subscription, as in the guides, because ${why}.`,
    remedy: 'Nothing, where that suits you. docs/copy.md says when which way is the better one, and "copy" in the input takes the other.',
  });

/** @param count undefined where the target has no login, which may have less room than is wanted */
const inParts = ({ why, wanted, partBytes }: Course & { readonly way: 'parts' }, count: WorkerCount | undefined): readonly Finding[] =>
  warning({
    code: 'CopyWay',
    objects: ['parts', ...(count?.why ?? [])],
    message:
      `Rows are copied in parts of about ${(partBytes / GIBIBYTE).toFixed(3)} GiB, and only changes by the subscription, because ${why}. ` +
      `${count ? workersInWords(wanted, count) : `${wanted} workers are wanted.`} The snapshot that they are read from holds back vacuum on the source, and the slot keeps its WAL, for as ` +
      'long as the copy lasts.',
    remedy: `See that the source's disk has room for the WAL of that time. To leave the copy to the subscription, as in the guides, say ${STREAM}.`,
  });

function workersInWords(wanted: number, { workers, began }: WorkerCount): string {
  const further = began > workers ? `, and Pace can raise that to ${began}` : ', and Pace cannot raise that';
  if (wanted === 0) return `None works before Pace says how many may, up to ${began}.`;
  if (workers >= wanted) return `${workers} ${workers === 1 ? 'worker works' : 'workers work'} at a time${further}.`;
  return `${workers} of the ${wanted} workers that are wanted work at a time, since there is no room for more${further}.`;
}

function impossible(rights: RoleRights, bounds: readonly WorkerBound[]): readonly Finding[] {
  const lacksRole = !mayMakeRoles(rights);
  const full = bounds.filter(({ workers }) => workers === 0);
  return blocker({
    code: 'CopyInPartsImpossible',
    objects: [...(lacksRole ? [`target: ${rights.role} may make no role that copies`] : []), ...full.map(({ why }) => why)],
    message:
      'Rows are to be copied in parts, and that is not possible here: it takes a role of its own on the target, and room for one worker at least ' +
      'on both sides and among the functions of the account.',
    remedy:
      `${lacksRole ? `${loginAtTarget(rights)} ` : ''}${full.length > 0 ? 'Raise the limits that are named. ' : ''}` +
      `Or leave the copy to the subscription: ${STREAM}.`,
  });
}

const fewFunctions = (wanted: number, bounds: readonly WorkerBound[]): readonly Finding[] =>
  warning({
    code: 'FewFunctionsAtOnce',
    objects: bounds.filter(({ by, workers }) => by === 'functions' && workers > 0 && workers < wanted).map(({ why }) => why),
    message:
      'The account may run few functions at a time in this region, so fewer workers copy than are wanted. New accounts have a low limit. The ' +
      'functions of others count, too, and are refused where the limit is reached.',
    remedy: 'Ask AWS to raise it (Service Quotas → AWS Lambda → Concurrent executions), which costs nothing; or accept a slower copy.',
  });

/** Before version 14 only the ranges of a key split a table. */
async function inOnePiece({ source, sourceVersion, input }: CheckContext, partBytes: number): Promise<readonly Finding[]> {
  if (sourceVersion >= PAGE_RANGES_SINCE) return [];
  const whole = (await source.query(sourceTablesToCopy(input))).filter(
    ({ key, bytes }) => key.length === 0 && bytes > partBytes * PARTS_IN_ONE_PIECE,
  );
  return warning({
    code: 'CopiedInOnePiece',
    objects: whole.toSorted((a, b) => b.bytes - a.bytes).map(({ schema, table }) => `${schema}.${table}`),
    message:
      `Before version ${PAGE_RANGES_SINCE} a table is split by its primary key, and these have none that can be used: its columns have to be ` +
      'numbers, texts, dates, timestamps or UUIDs. One worker copies each as a whole; what it does not bring to its end within the time of a ' +
      'function is left to the subscription.',
    remedy: 'Usually nothing: it takes longer. Or upgrade the source first, or give these tables such a key.',
  });
}
