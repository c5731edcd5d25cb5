/** Roles belong to a whole server, and our locks to one database: two migrations of one server may make, or change, the same role at the same moment. */
import { StatementFailed, TransientError } from '../config/errors.ts';
import { DUPLICATE_OBJECT } from './sqlstates.ts';

/** Indexes of the catalogs of roles, which only such a race breaks; and what the server says of one that is changed twice at once. */
const RACE = /"pg_auth(?:id|_members)_\w+"|tuple concurrently updated/;

const isRace = ({ message, complaint: { code } }: StatementFailed): boolean => code === DUPLICATE_OBJECT || RACE.test(message);

/**
 * @param making what makes a role after it was seen not to be there
 * @throws TransientError where another migration was first: the next look finds the role
 */
export async function besideOtherMigrations<Result>(making: Promise<Result>): Promise<Result> {
  try {
    return await making;
  } catch (error) {
    if (!(error instanceof StatementFailed) || !isRace(error)) throw error;
    throw new TransientError(
      'Another migration on the same server made the same role at the same moment. Nothing of it was changed here; it is tried again.',
      { cause: error },
    );
  }
}
