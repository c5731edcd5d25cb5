/** Our own list, on the target, of the statements that CopySchema leaves for BuildIndexes, and of what became of each. */
import type { Statement } from '../contract.ts';
import type { PostDataKind } from '../dump/kinds.ts';
import { SCHEMA } from '../names.ts';
import { qualified, statement } from './quote.ts';

const TABLE = qualified(SCHEMA, 'post_data');

/**
 * `finished_at` is written in the transaction of the statement itself, so it can be trusted; so is the refusal in `code`, `error` and
 * `hint`, by the server, because nobody may be listening any more. `execution` is the one that started the statement last.
 */
export const createPostData = (): Statement =>
  statement(`
create table ${TABLE} (
  ordinal int primary key,
  kind text not null,
  schema text,
  object text not null,
  on_schema text,
  on_table text,
  text text not null,
  execution text,
  attempts int not null default 0,
  finished_at timestamptz,
  code text,
  error text,
  hint text
)
`);

/** A statement as it is listed. */
export interface Deferred {
  readonly ordinal: number;
  readonly kind: PostDataKind;
  /** Schema of the object that the statement makes; null where it lives in none, or was not told. */
  readonly schema: string | null;
  readonly object: string;
  readonly onSchema: string | null;
  readonly onTable: string | null;
  readonly text: string;
}

export const listDeferred = (deferred: readonly Deferred[]): Statement =>
  statement(
    `
insert into ${TABLE} (ordinal, kind, schema, object, on_schema, on_table, text)
select ordinal, kind, schema, object, "onSchema", "onTable", text
from jsonb_to_recordset($1::jsonb)
  as d (ordinal int, kind text, schema text, object text, "onSchema" text, "onTable" text, text text)
`,
    [JSON.stringify(deferred)],
  );
