/** What `--help` prints, and the defaults that it names. */
import { STOPS } from './course.ts';
import { SERVER_VERSIONS, type ServerVersion } from './servers/binaries.ts';
import { DEFAULT_TARGET_LOGIN } from './servers/planetscale-roles.ts';

/** Writes a second at which a switch has to be short. */
export const DEFAULT_RATE = 200;
export const DEFAULT_SOURCE: ServerVersion = 15;
export const DEFAULT_TARGET: ServerVersion = 18;
/** The versions that PlanetScale runs. */
export const TARGET_VERSIONS: readonly ServerVersion[] = [17, 18];

export const HELP = `Moves a database from one real PostgreSQL server to another, as the deployed state machines would, while an application writes.

usage: npm run rehearse -- [options]

  --source-version N   major version of the embedded source: ${SERVER_VERSIONS.join(', ')} (default ${DEFAULT_SOURCE})
  --target-version N   major version of the embedded target: ${TARGET_VERSIONS.join(', ')} (default ${DEFAULT_TARGET})
  --target-login ROLE  as whom to log in at the embedded target: member, a role as the guide asks you to make it, or default,
                       PlanetScale's default role (default ${DEFAULT_TARGET_LOGIN})
  --planetscale-api    begin as PlanetScale hands a database over, with an empty target secret and a service token: a stand-in of its API makes
                       the role, sets parameters, grows the disk and restarts the embedded target
  --source-dump FILE   a plain SQL file, as pg_dump writes it, to load in place of the sample shop, with or without data;
                       owners and grants included; roles that are missing and extensions of this machine are made
  --source-url URL     an existing source, postgresql://user:password@host:port/database, in place of the embedded one
  --target-url URL     an existing target, likewise; it must reach the source under the same address
  --access WAY         how the target reaches the embedded source: public, or load-balancer, through one that follows the writer
                       (default public)
  --failover           fail the embedded source over to another address in the middle of the copy
  --schema-fixes       do on the embedded databases what Preflight asks you to do, print the statements, leave out what none of them
                       makes ready, and go on, so that one run shows everything
  --until MACHINE      the last machine to run: ${STOPS.map((name) => name.toLowerCase()).join(', ')}
                       (default cleanup, after a cutover, a rollback and another cutover; replicate where a server is your own)
  --writers N          sessions of the application that writes meanwhile, 0 to 64 (default 4)
  --rate N             transactions a second, of all writers together, 1 to 10000 (default ${DEFAULT_RATE})
  --rows N             rows of the sample's largest table, 0 to 100000000 (default 100000)
  --roles MODE         what becomes of owners, grants and settings: carry, or flatten, as the guides have it (default carry)
  --copy WAY           how rows are copied: stream, by the subscription, as the guides have it; parts, in parts by workers side by side;
                       or auto, by size (default auto)
  --copy-workers N     workers that copy parts at a time, 1 to 200 (default 8)
  --part-bytes N       size at which a table is split into parts, 8192 to 100000000000 (default with --copy parts: a quarter of the
                       source's largest table, at most 1 GiB, so that a small one is split too)
  --input JSON         execution input of Preflight and Replicate, such as '{"replicaIdentity": "full"}'
  --report FILE        write the report to this file, as JSON
  --report-html FILE   write the page about the migration to this file, as the
                       deployed stack does, and the same beside it, as FILE.json
  --keep               leave the servers running at the end and print their URLs, until Ctrl-C
  --help               this text

Connections to servers of your own are encrypted, and the certificate is verified in full: against the public authorities, or against
those in a file that the URL names (?sslrootcert=FILE). Only an explicit ?sslmode=disable switches encryption off.

On a source of your own, and on a dump of your own, the writers write to tables of their own in the schema "rehearsal_workload", never to
yours. At the end everything that the rehearsal made on a server of yours is dropped again, except the copy of your data on the target.
Beyond replicate, a switch ends every session in the database that it leaves, and only the rehearsal writes there until it is led back.

exit code: 0 passed, 1 failed, 3 could not tell
`;
