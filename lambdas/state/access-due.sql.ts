/**
 * Owners and grants that objects get which are made after the copy; and what takes back, where the copied objects are dropped again, what was
 * granted and set on that which stays.
 */
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: DUE_NAME, table: DUE } = OWN_TABLES.accessDue;
const { name: UNDO_NAME, table: UNDO } = OWN_TABLES.accessUndo;

export const createAccessDue = (): Statement[] => [
  closed(DUE_NAME, `create table ${DUE} (ordinal int primary key, access jsonb not null)`),
  closed(UNDO_NAME, `create table ${UNDO} (ordinal int8 primary key, text text not null)`),
];

export const accessDueExists = () => tableExists(OWN_TABLES.accessDue);

/** @param access of one object each, in the form of whoever reads it again */
export const listAccessDue = (access: readonly unknown[]): Statement =>
  bound([JSON.stringify(access)])(`
insert into ${DUE} (ordinal, access)
select ordinal, access from jsonb_array_elements($1::jsonb) with ordinality as a (access, ordinal)
`);

/** To be asked only where {@link accessDueExists}. */
export const accessDue = <Access>(): Statement<{ readonly access: Access }> => statement(`select access from ${DUE} order by ordinal`);

export const accessUndoExists = () => tableExists(OWN_TABLES.accessUndo);

/** @param texts in the order in which what they take back was given */
export const listAccessUndo = (texts: readonly string[]): Statement =>
  bound([[...texts]])(`
insert into ${UNDO} (ordinal, text)
select (select coalesce(max(ordinal), 0) from ${UNDO}) + u.ordinal, u.text from unnest($1::text[]) with ordinality as u (text, ordinal)
`);

/** Last given, first taken back. */
export const accessUndo = (): Statement<{ readonly text: string }> => statement(`select text from ${UNDO} order by ordinal desc`);
