/**
 * Finds what would stop the copy before it begins, by trying it: the first and last rows of every table and some between go into the
 * target's empty tables as changes would be applied, are evaluated by every expression that a change evaluates, and are rolled back. Neither
 * guide has this: they find out while copying. What runs is code of users, so it runs in a session that logs in as a role which may do
 * nothing else.
 */
import { StatementFailed, TransientError, VerificationError } from '../config/errors.ts';
import { subscriptionName } from '../config/names.ts';
import type { Acting, Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import { quotingAllNames, withoutNeedlessQuotes } from '../postgres/quoted-names.ts';
import { lock } from '../postgres/sessions.sql.ts';
import { demandOurs } from '../replication/demand-ours.ts';
import { subscriptionState } from '../replication/subscriptions.sql.ts';
import { batchesOf, portionsOf } from '../sample/portions.ts';
import { sampleRefused } from '../sample/refusals.ts';
import { isTrialRoleThere, makeTrialRole, removeTrialRole } from '../sample/role.ts';
import { limitSampling, type Portion, sampleRows } from '../sample/sample-rows.sql.ts';
import { checksThere, type Expression, type SampledTable, sampledTables, sampledViews, viewsThere } from '../sample/sample-tables.sql.ts';
import { LIMIT_MS, type Row, type Sample, sampleOf, Trial } from '../sample/trial.ts';
import { type LeaningRead, leaningReads } from '../schema/reading-path.ts';
import { copyOn } from '../state/earlier-copy.ts';
import { createSampleTrial, recordSampleTrial, type SampleTrial, sampleTrial, sampleTrialExists } from '../state/sample-trial.sql.ts';

type Needs = 'source' | 'target' | 'comparison' | 'lowLogin';

/** What is not tried by then is named. Databases with slow functions or very many tables come near it. */
const LONGEST_MS = 240_000;
/** The rest is for taking the role away again, and for returning. */
const SHARE_OF_VISIT = 0.75;
const MOST_SHOWN = 50;
/** Of rows that are kept for materialized views, as characters. Beyond, views are tried without some of their tables. */
const MOST_KEPT = 32_000_000;

interface Seen {
  readonly trial: SampleTrial | undefined;
  /** Whether the copy has begun: then there is nothing left to find before it. */
  readonly copying: boolean;
  readonly schema: boolean;
  /** Whether an interrupted trial left its role behind. */
  readonly role: boolean;
}

export const trySample = defineStep({
  needs: ['source', 'target', 'comparison', 'lowLogin'],
  interrupted:
    "What was tried is rolled back, and the target's tables are empty; the login of the trial is dropped by the next visit, or by Cleanup.",

  async inspect({ source, target }: Looking<Needs>): Promise<Seen> {
    await demandOurs('target', target);
    const [there] = await target.query(sampleTrialExists());
    const [recorded] = there?.exists ? await target.query(sampleTrial()) : [];
    const [subscription] = await target.query(subscriptionState(subscriptionName(source.endpoint.database)));
    const schema = (await copyOn(target)) !== undefined;
    return { trial: recorded?.outcome, copying: subscription !== undefined, schema, role: await isTrialRoleThere(target) };
  },

  judge({ trial, copying, schema, role }) {
    if (!schema)
      throw new VerificationError('There is no schema on the target to try rows in. Nothing was changed. Start Replicate again.');
    return (trial || copying) && !role ? 'done' : 'todo';
  },

  async act(ctx: Acting<Needs>, seen) {
    const { target } = ctx;
    const session = await target.session('lock');
    try {
      const [taken] = await session.query(lock('sample'));
      if (!taken?.taken)
        throw new TransientError('Another visit is trying rows at the target. Nothing was touched; it is looked at again.');
      if (seen.trial || seen.copying) return await removeTrialRole(target);
      const trial = await tryAll(ctx).catch(async (error: unknown) => {
        // What was found counts for more than a role that the next visit or Cleanup takes away.
        await removeTrialRole(target).catch((left: Error) =>
          ctx.log.warn('The login of the trial is still there', { error: left.message }),
        );
        throw error;
      });
      await removeTrialRole(target);
      await target.transaction(async (transaction) => {
        await transaction.query(createSampleTrial());
        await transaction.query(recordSampleTrial(trial));
      });
    } finally {
      await session.end();
    }
  },

  evidence: ({ trial }) => ({
    tables: trial?.tables ?? 0,
    rows: trial?.rows ?? 0,
    materializedViews: trial?.views ?? 0,
    slow: (trial?.slow ?? []).slice(0, MOST_SHOWN),
    untried: (trial?.untried ?? []).slice(0, MOST_SHOWN),
    more: [trial?.slow, trial?.untried].reduce((sum, list) => sum + Math.max(0, (list?.length ?? 0) - MOST_SHOWN), 0),
  }),
});

/** The name that messages show. */
const readable = <Named extends { readonly name: string }>(one: Named): Named => ({ ...one, name: withoutNeedlessQuotes(one.name) });

/** @throws SampleRefused with everything that fails */
async function tryAll(ctx: Acting<Needs>): Promise<SampleTrial> {
  const { source, target, lowLogin, input, remainingMs, log } = ctx;
  const until = Date.now() + Math.min(LONGEST_MS, remainingMs() * SHARE_OF_VISIT);
  const version = await source.version();
  const [portions, moved] = await quotingAllNames(source, async (quoting) => [
    portionsOf((await quoting.query(sampledTables(input, version))).map(readable)),
    (await quoting.query(sampledViews(input))).map(readable),
  ]);
  const made = new Set((await target.query(viewsThere())).map(({ name }) => withoutNeedlessQuotes(name)));
  const views = moved.filter(({ name }) => made.has(name));
  const checkOf = (owner: string, name: string): string => JSON.stringify([withoutNeedlessQuotes(owner), name]);
  const there = new Set((await target.query(checksThere())).map(({ owner, name }) => checkOf(owner, name)));
  const isThere = ({ kind, name, domain }: Expression, table: SampledTable): boolean =>
    kind !== 'index' && kind !== 'statistics' && there.has(checkOf(domain ?? table.name, name));
  const read = new Set(views.flatMap(({ tables }) => tables.map((names) => JSON.stringify(names))));
  const kept = new Map<string, Sample>();
  const open = await makeTrialRole(
    target,
    lowLogin,
    portions.map(({ table }) => table),
    LIMIT_MS,
  );
  const isOver = (): boolean => Date.now() > until;
  const trial = new Trial(open, isOver);
  const leaning = leaningReads(ctx.comparison.source);
  let rows = 0;
  let characters = 0;
  try {
    for (const batch of batchesOf(portions)) {
      if (isOver()) {
        trial.untried.push(...batch.map(({ table }) => `table ${table.name}: there was no time for it`));
        continue;
      }
      const { samples, unread } = await readBatch(ctx, batch, isThere, leaning);
      trial.untried.push(...unread);
      rows += samples.reduce((sum, sample) => sum + sample.rows.length, 0);
      await trial.tables(samples);
      for (const sample of samples) {
        const names = JSON.stringify([sample.table.schema, sample.table.table]);
        if (!read.has(names) || trial.stopped.has(sample.table.name)) continue;
        characters += sample.rows.flat().reduce((sum, value) => sum + (value?.length ?? 0), 0);
        if (characters < MOST_KEPT) kept.set(names, sample);
      }
    }
    for (const view of views)
      await trial.view(
        view,
        view.tables.flatMap((names) => kept.get(JSON.stringify(names)) ?? []),
      );
  } finally {
    await trial.end();
  }
  if (trial.refusals.length > 0) throw sampleRefused(trial.refusals, trial.unlisted);
  const { slow, untried } = trial;
  if (slow.length + untried.length > 0)
    log.warn('Not all of the sample could be tried', { slow: slow.slice(0, MOST_SHOWN), untried: untried.slice(0, MOST_SHOWN) });
  return { tables: portions.length, rows, views: views.length, slow, untried };
}

/** A batch at once, or table by table where that fails: one that is slow to read, or cannot be, is named, and hides no other. */
async function readBatch(
  { comparison: { source } }: Acting<Needs>,
  batch: readonly Portion[],
  isThere: (one: Expression, table: SampledTable) => boolean,
  leaning: LeaningRead,
): Promise<{ samples: Sample[]; unread: string[] }> {
  const read = (portions: readonly Portion[]): Promise<Sample[]> =>
    leaning((path) =>
      source.snapshot(async (snapshot) => {
        await snapshot.query(limitSampling(LIMIT_MS, path));
        const rows = Map.groupBy(await snapshot.query(sampleRows(portions)), ({ place }) => place);
        return portions
          .map((portion, place) =>
            sampleOf(
              portion,
              (rows.get(place) ?? []).map(({ values }): Row => values),
              isThere,
            ),
          )
          .filter((sample) => sample.rows.length > 0);
      }),
    );
  try {
    return { samples: await read(batch), unread: [] };
  } catch (error) {
    if (!(error instanceof StatementFailed)) throw error;
    const samples: Sample[] = [];
    const unread: string[] = [];
    for (const portion of batch) {
      try {
        samples.push(...(await read([portion])));
      } catch (again) {
        if (!(again instanceof StatementFailed)) throw again;
        unread.push(`table ${portion.table.name}: its rows could not be read on the source: ${again.message}`);
      }
    }
    return { samples, unread };
  }
}
