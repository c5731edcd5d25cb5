/** The schema that holds our own tables, on either side. */
import type { Statement } from '../contract.ts';
import { SCHEMA } from '../names.ts';
import { identifier, statement } from './quote.ts';

export const ownSchemaExists = (): Statement<{ readonly exists: boolean }> =>
  statement(`select to_regnamespace('${SCHEMA}') is not null as exists`);

/** With everything in it: nobody else has any business there. */
export const dropOwnSchema = (): Statement => statement(`drop schema if exists ${identifier(SCHEMA)} cascade`);
