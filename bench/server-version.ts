/** A server's version, as an option of a benchmark names it. */
import { SERVER_VERSIONS, type ServerVersion } from '../rehearsal/servers/binaries.ts';

/** @param text value of the option of this name @throws where no server of it can be started here */
export function serverVersion(name: string, text: string): ServerVersion {
  const found = SERVER_VERSIONS.find((known) => String(known) === text);
  if (!found) throw new Error(`--${name} must be one of ${SERVER_VERSIONS.join(', ')}, not ${text}.`);
  return found;
}
