/**
 * Whether a table of ours is there: asked before any other query of one that may not have been made yet. The name stands in the text and is not
 * bound, because the guard of our schema (`adapters/postgres/own-schema-guard.ts`) goes by texts.
 */
import type { Statement } from '../ports/database.ts';
import { literal, statement } from '../postgres/quote.ts';
import type { OwnTable } from './tables.ts';

export const tableExists = ({ table }: OwnTable): Statement<{ readonly exists: boolean }> =>
  statement(`select to_regclass(${literal(table)}) is not null as exists`);
