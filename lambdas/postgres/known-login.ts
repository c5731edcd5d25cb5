/** Logins of roles that were made a moment ago. */
import { CannotConnect } from '../config/errors.ts';

/** A proxy before a server may not know a role that was made a moment ago. */
const ATTEMPTS = 5;
const BETWEEN_ATTEMPTS_MS = 1_000;

/**
 * Opens a session of a role that may be new.
 * @throws CannotConnect where the login is still refused after a few seconds; any other error at once
 */
export async function onceKnown<Result>(open: () => Promise<Result>, attempts = ATTEMPTS): Promise<Result> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof CannotConnect) || attempts <= 1) throw error;
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_ATTEMPTS_MS));
    return onceKnown(open, attempts - 1);
  }
}
