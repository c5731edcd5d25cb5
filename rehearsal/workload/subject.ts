/** The subject of an application's writes: something that is made, changed and removed, each in one transaction. */
import type { Statement } from '../../lambdas/ports/database.ts';
import type { Change } from './journal.ts';

/** Rows of the writers carry tokens that begin so. */
export const TOKEN_PREFIX = 'rehearsal-';

export interface Subject {
  /** Tables of the rows that are remembered, each with the columns `request_id` and `version`, quoted and qualified. */
  readonly tables: readonly string[];
  /** The remembered rows of one thing. */
  rows(token: string): readonly Pick<Change, 'table' | 'token'>[];
  /** All three are carried out in one transaction. `dice` is any number from 0 to 999,999, for variety. */
  create(token: string, dice: number): readonly Statement[];
  change(token: string, version: number, dice: number): readonly Statement[];
  remove(token: string): readonly Statement[];
}

/** One thing that a writer made and has not removed. */
export interface Thing {
  readonly subject: Subject;
  readonly token: string;
  readonly version: number;
}

/** A transaction, and what its rows are once it has been committed. */
export interface Write {
  readonly statements: readonly Statement[];
  readonly changes: readonly Change[];
  /** The writer's object afterwards; undefined where the thing is gone. */
  readonly after: Thing | undefined;
}

const changesOf = (subject: Subject, token: string, version: Change['version']): Change[] =>
  subject.rows(token).map((row) => ({ ...row, version }));

export const creating = (subject: Subject, token: string, dice: number): Write => ({
  statements: subject.create(token, dice),
  changes: changesOf(subject, token, 0),
  after: { subject, token, version: 0 },
});

export const changing = ({ subject, token, version }: Thing, dice: number): Write => ({
  statements: subject.change(token, version + 1, dice),
  changes: changesOf(subject, token, version + 1),
  after: { subject, token, version: version + 1 },
});

export const removing = ({ subject, token }: Thing): Write => ({
  statements: subject.remove(token),
  changes: changesOf(subject, token, 'deleted'),
  after: undefined,
});
