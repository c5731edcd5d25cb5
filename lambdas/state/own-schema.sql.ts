/** The schema that holds our own tables, on either side. */
import { SCHEMA } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { identifier, statement } from '../postgres/quote.ts';

export const ownSchemaExists = (): Statement<{ readonly exists: boolean }> =>
  statement(`select to_regnamespace('${SCHEMA}') is not null as exists`);

/** With everything in it: no other role keeps anything there. */
export const dropOwnSchema = (): Statement => statement(`drop schema if exists ${identifier(SCHEMA)} cascade`);
