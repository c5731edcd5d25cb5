/** A dump of the source → everything that CopySchema does on the target, decided before the first statement is sent. */
import type { TableName } from '../../config/input.ts';
import type { ForeignKey } from '../../postgres/foreign-keys.sql.ts';
import { identifier, qualified } from '../../postgres/quote.ts';
import type { HeldKey } from '../../state/held-keys.sql.ts';
import { type MaterializedView, refreshView } from '../materialized-views.sql.ts';
import { analyzeAll, type Deferred, vacuumAll } from '../post-data/post-data.sql.ts';
import { adapt } from './adapt.ts';
import { withoutForce } from './held-force.ts';
import { classifyBehindBorder, type ObjectName, type PostDataStatement } from './kinds.ts';
import { withRolesRenamed } from './renamed-roles.ts';
import { type Key, type PostData, sectionsOf } from './sections.ts';
import { type DumpStatement, splitDump } from './statements.ts';

export interface CopyPlan {
  /** To be carried out now, in one transaction, and then {@link keys}. */
  readonly now: readonly DumpStatement[];
  /** Once every object has its owner: building an index runs code of its table's owner as that one. Where keys wait, only what rows name. */
  readonly keys: readonly DumpStatement[];
  readonly later: readonly Deferred[];
  /** These foreign keys, as the operator would name them. */
  readonly leftBehind: readonly string[];
  /** Foreign keys that the target must not have as long as it subscribes. */
  readonly held: readonly HeldKey[];
  /** Tables that must not force row-level security on their owners as long as the target subscribes. */
  readonly heldForce: readonly TableName[];
}

/** Facts from the source's catalog that the dump lacks. */
export interface Besides {
  /** Foreign keys to tables that stay behind, and of unlogged tables. */
  readonly dangling: readonly ForeignKey[];
  /** Materialized views that hold rows on the source, in any order. */
  readonly populated: readonly MaterializedView[];
  /** Event triggers of the platform that the source is on, which stay there. @default - none */
  readonly platformTriggers?: readonly string[];
  /** Foreign keys from tables that no stream brings. @default - none */
  readonly toHold?: readonly ForeignKey[];
  /** Whether objects get the owners and grants that they have on the source. @default - they belong to our role */
  readonly carriesAccess?: boolean;
  /** Names on the target of roles that are called otherwise there, by their names on the source. @default - none */
  readonly renamedRoles?: ReadonlyMap<string, string>;
  /** Objects that rows name, of those that would be made after the copy. @default - none */
  readonly named?: readonly ObjectName[];
  /** Whether keys are left for later too, so that rows come into tables without any index. @default - keys come before the rows */
  readonly keysWait?: boolean;
}

const same = (one: ObjectName | undefined, schema: string, name: string): boolean => one?.schema === schema && one.name === name;

export function planCopy(dump: string, besides: Besides): CopyPlan {
  const { dangling, populated, platformTriggers = [], toHold = [], carriesAccess = false, renamedRoles = new Map(), named = [] } = besides;
  const statements = withRolesRenamed(splitDump(dump), renamedRoles);
  const { preData, keys, postData } = sectionsOf(statements, named);
  const isOneOf = (keys: readonly ForeignKey[], one: PostData) =>
    one.kind === 'foreign key' && keys.some((key) => key.name === one.object && same(one.on, key.schema, key.table));
  const isDangling = (one: PostData) => isOneOf(dangling, one);
  const isHeld = (one: PostData) => !isDangling(one) && isOneOf(toHold, one);
  const isOfPlatform = ({ kind, object, entry }: PostData) =>
    platformTriggers.some((name) => (kind === 'event trigger' && object === name) || isAbout(entry, name));
  const waiting = keys.filter((one) => besides.keysWait === true && !one.named);
  const kept = postData
    .filter((one) => !isDangling(one) && !isHeld(one) && !isOfPlatform(one))
    .map(({ entry, ...one }) => ({ ...one, object: one.object || nameOf(entry) }));
  // pg_dump writes what others depend on first, so the order of the dump is an order in which to fill the views.
  const views = statements.flatMap(({ text }) => (text.startsWith('CREATE MATERIALIZED VIEW ') ? [classifyBehindBorder(text).on] : []));
  const refreshes = views.filter((view) => view !== undefined && populated.some(({ schema, name }) => same(view, schema, name)));
  const { now, heldForce } = withoutForce(adapt(preData));
  return {
    now,
    keys: keys.filter((one) => !waiting.includes(one)),
    heldForce,
    later: [
      ...waiting.map(asWaiting),
      ...kept,
      ANALYZE,
      ...refreshes.map((view) => refresh(view as ObjectName)),
      VACUUM,
      ...(carriesAccess ? ACCESS : []),
    ].map(deferred),
    leftBehind: postData.filter(isDangling).map(({ on, object }) => `${qualified(on?.schema ?? '', on?.name ?? '')}: ${object}`),
    held: postData.filter(isHeld).map(({ on, object, text }) => ({ schema: on?.schema ?? '', table: on?.name ?? '', name: object, text })),
  };
}

/** A key that waits, under the kind by which it is carried out. */
function asWaiting({ entry: _entry, named: _named, ...one }: Key): PostDataStatement {
  if (one.kind === 'replica identity') return one;
  if (one.kind === 'attachment') return { ...one, kind: 'key attachment' };
  return { ...one, kind: one.kind === 'index' ? 'key index' : 'key' };
}

/** Whether it belongs to the event trigger, as a comment on it does. */
const isAbout = (entry: DumpStatement['entry'], trigger: string): boolean =>
  (entry?.type === 'EVENT TRIGGER' && entry.name === trigger) ||
  (entry?.type === 'COMMENT' && entry.name === `EVENT TRIGGER ${identifier(trigger)}`);

const ANALYZE: PostDataStatement = { kind: 'analyze', object: 'all tables', on: undefined, text: analyzeAll };

const VACUUM: PostDataStatement = { kind: 'vacuum', object: 'tables and views', on: undefined, text: vacuumAll };

/** What is done is in our own list; see `roles/carry.ts`. */
const ACCESS = (['access', 'late access'] as const).map(
  (kind): PostDataStatement => ({ kind, object: 'owners and grants', on: undefined, text: '' }),
);

const refresh = (view: ObjectName): PostDataStatement => ({
  kind: 'refresh',
  object: view.name,
  on: view,
  text: refreshView(view),
});

const nameOf = (entry: DumpStatement['entry']): string => (entry ? `${entry.type} ${entry.name}` : '');

function deferred({ kind, object, on, child, to, text }: PostDataStatement, at: number): Deferred {
  return {
    ordinal: at + 1,
    kind: kind as Deferred['kind'],
    schema: (child ?? on)?.schema ?? null,
    object,
    onSchema: on?.schema ?? null,
    onTable: on?.name ?? null,
    toSchema: to?.schema ?? null,
    toTable: to?.name ?? null,
    text,
  };
}
