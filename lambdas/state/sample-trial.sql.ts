/** The record on the target that rows of the source were tried there, and of what could not be tried. */
import type { Statement } from '../ports/database.ts';
import { statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.sampleTrial;

/** What a trial came to that found nothing wrong. */
export interface SampleTrial {
  readonly tables: number;
  readonly rows: number;
  readonly views: number;
  /** What took too long to be tried as a whole, as a person would name it. */
  readonly slow: readonly string[];
  /** What could not be tried, and why. */
  readonly untried: readonly string[];
}

export const createSampleTrial = (): Statement =>
  closed(
    NAME,
    `create table if not exists ${TABLE} (only_row boolean primary key default true check (only_row), tried_at timestamptz not null default now(), outcome jsonb not null)`,
  );

export const recordSampleTrial = (trial: SampleTrial): Statement =>
  statement(`insert into ${TABLE} (outcome) values ($1::jsonb) on conflict do nothing`, [JSON.stringify(trial)]);

export const sampleTrialExists = () => tableExists(OWN_TABLES.sampleTrial);

/** To be asked only where {@link sampleTrialExists}. */
export const sampleTrial = (): Statement<{ readonly outcome: SampleTrial }> => statement(`select outcome from ${TABLE}`);
