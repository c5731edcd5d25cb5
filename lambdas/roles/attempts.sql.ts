/** Around statements that may be refused, in a transaction that goes on. */
import type { Statement } from '../ports/database.ts';
import { statement } from '../postgres/quote.ts';

const NAME = 'planetscale_access';

export const beginAttempt = (): Statement => statement(`savepoint ${NAME}`);
export const keepAttempt = (): Statement => statement(`release savepoint ${NAME}`);
/** Then {@link keepAttempt}, which keeps nothing. */
export const undoAttempt = (): Statement => statement(`rollback to savepoint ${NAME}`);
