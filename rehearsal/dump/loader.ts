/** One session that loads a dump: each statement as the master user, and where that is not enough, as an operator who restores one would go on. */
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { aboutDatabase, encodingIn, isPassedOver, isWorthAWord, plainMembership, withoutPrivilege, withoutTablespace } from './adapt.ts';
import { type Complaint, complaintIn, isAboutRowSecurity, isOutOfLocks, wordsOf } from './complaints.ts';
import { decoderOf, UTF8 } from './encoding.ts';
import {
  heading,
  isAboutRights,
  isAboutRoles,
  isContent,
  isDrop,
  isExtension,
  isServerCopy,
  isSettingOfRole,
  mayBeMissed,
} from './kinds.ts';
import { DumpRefused, OutOfLocks } from './refused.ts';
import { DumpSession } from './session.ts';
import type { DumpPiece, Reading } from './statements.ts';

/** Actions of an operator with superuser rights for the master user. */
export interface Keys {
  /** Makes a role that the dump names, on every server that needs it; nothing where it is there. */
  createRole(name: string): Promise<void>;
  /** While the master user is a superuser. */
  asSuperuser<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** A failure without a remedy. */
class Refusal {
  readonly cause: unknown;
  constructor(cause: unknown) {
    this.cause = cause;
  }
}

const MOST_TRIES = 200;
const MADE_ROLE = /^create\s+(?:role|user|group)\s+(?!mapping\b)("(?:[^"]|"")+"|[^\s;]+)/i;
const QUOTE = '$dump$';
const TEMPLATES = new Set(['template0', 'template1']);

export class Loader {
  readonly #source: ConnectionSettings;
  readonly #keys: Keys;
  readonly #reading: Reading;
  readonly #session: DumpSession;
  /** In order, each once. */
  readonly #notes = new Set<string>();
  /** As `\connect` calls it. */
  #database: string | undefined;
  #hasContent = false;
  constructor(source: ConnectionSettings, keys: Keys, reading: Reading) {
    this.#source = source;
    this.#keys = keys;
    this.#reading = reading;
    this.#session = new DumpSession(source);
  }

  get notes(): string[] {
    return [...this.#notes];
  }

  open = (): Promise<unknown> => this.#session.open();
  close = (): Promise<void> => this.#session.close();
  get isInTransaction(): boolean {
    return this.#session.isInTransaction;
  }

  async take(piece: DumpPiece): Promise<void> {
    if (piece.kind === 'connect') return this.#connect(piece.text, piece.place);
    if (this.#database !== undefined && TEMPLATES.has(this.#database)) return skip(piece);
    if (piece.kind === 'encoding') return this.#encode(piece.text, piece.place);
    if (piece.kind === 'generate') {
      const values = await this.#refusing(piece, () => this.#session.values(piece.text));
      for (const text of values) if (typeof text === 'string') await this.take({ kind: 'statement', text, place: piece.place });
      return;
    }
    if (isContent(piece.text)) this.#hasContent = true;
    if (piece.kind === 'copy') await this.#refusing(piece, () => this.#copy(piece.text, piece.data));
    else await this.#statement(piece.text, piece.place);
  }

  async #statement(text: string, place: string): Promise<void> {
    const encoding = encodingIn(text);
    if (encoding !== undefined) return this.#encode(encoding, place);
    const ours = aboutDatabase(text, this.#source.database);
    if (ours !== undefined) this.#notes.add(`${heading(text)}: said of the database under rehearsal in place of its own`);
    else if (isPassedOver(text)) {
      if (isWorthAWord(text)) this.#notes.add(`${heading(text)}: a rehearsal does without`);
      return;
    }
    let current = ours ?? text;
    const seen = new Set<string>();
    for (let tries = 0; ; tries += 1) {
      try {
        const { wasNotGranted } = await this.#session.run(current);
        if (wasNotGranted) await this.#asSuperuser(current, () => 'over');
        return await this.#joinRoleOf(current);
      } catch (error) {
        const next = tries < MOST_TRIES ? await this.#remedy(current, error, seen) : new Refusal(error);
        if (next === 'over') return;
        if (next instanceof Refusal) throw this.#refused(place, text, next.cause);
        current = next;
      }
    }
  }

  /** @returns what to try next; `over` where the statement is done with */
  async #remedy(text: string, error: unknown, seen: Set<string>): Promise<string | Refusal> {
    const complaint = complaintIn(error);
    const isNew = !seen.has(JSON.stringify(complaint));
    seen.add(JSON.stringify(complaint));
    const pass = (): 'over' => {
      this.#notes.add(`${heading(text)}: ${wordsOf(error)}`);
      return 'over';
    };
    if (complaint.kind === 'missing locale') return new Refusal(error);
    if (complaint.kind === 'there already' && isThereAnyway(text)) return 'over';
    if (isDrop(text)) return complaint.kind === 'not there' || complaint.kind === 'missing role' ? 'over' : pass();
    if (isNew && 'name' in complaint) {
      const again = await this.#find(text, complaint);
      if (again !== undefined) return again;
    }
    const plain = plainMembership(text);
    if (plain !== undefined) return plain;
    if (complaint.kind === 'not allowed' && !isServerCopy(text)) {
      if (isAboutRoles(text) && !isSettingOfRole(text)) await this.#makeRoleOf(text);
      else return this.#asSuperuser(text, pass);
    }
    return isExtension(text) || isAboutRoles(text) || isAboutRights(text) || mayBeMissed(text) ? pass() : new Refusal(error);
  }

  async #find(text: string, complaint: Extract<Complaint, { name: string }>): Promise<string | undefined> {
    if (complaint.kind === 'missing role') {
      try {
        await this.#keys.createRole(complaint.name);
        await this.#session.hear();
        return text;
      } catch {
        return undefined; // such as a name that the server keeps for itself
      }
    }
    if (complaint.kind === 'missing tablespace') {
      this.#notes.add(`tablespace ${complaint.name}: everything lies where the database lies`);
      return withoutTablespace(text);
    }
    if (complaint.kind === 'missing extension') return isExtension(text) ? `${text} cascade` : undefined;
    if (complaint.kind === 'missing privilege') {
      this.#notes.add(`${heading(text)}: without ${complaint.name}, which this version does not know`);
      return withoutPrivilege(text, complaint.name);
    }
    if (complaint.kind === 'missing version') {
      this.#notes.add(`${heading(text)}: not on this machine in this version, so it has the one that is there`);
      return text.replace(/\s+version\s+('[^']*'|"[^"]*"|[\w.]+)/i, '');
    }
    return undefined;
  }

  /** An attribute that no role has on Aurora is not worth a role. */
  async #makeRoleOf(text: string): Promise<void> {
    const name = MADE_ROLE.exec(text)?.[1];
    if (name !== undefined)
      await this.#keys.createRole(name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase());
  }

  /** The operator who restores a dump is a member of the roles that own what is in it. */
  async #joinRoleOf(text: string): Promise<void> {
    const name = MADE_ROLE.exec(text)?.[1];
    if (name !== undefined) await this.#session.run(`grant ${name} to current_user`).catch(() => {});
  }

  /** An extension is made as RDS makes it: its objects are the platform's, and itself is the master user's. */
  async #asSuperuser(text: string, pass: () => 'over'): Promise<string | Refusal> {
    try {
      if (isExtension(text)) await this.#session.run(`call pg_catalog.rds_create_extension(current_user::text, ${QUOTE}${text}${QUOTE})`);
      else
        await this.#keys.asSuperuser(async () => {
          await this.#session.hear();
          await this.#session.run(text);
        });
      await this.#session.hear();
    } catch (error) {
      // A superuser may find that something else is missing: then the statement is tried again from the beginning.
      const complaint = complaintIn(error);
      const again = 'name' in complaint ? await this.#find(text, complaint) : undefined;
      if (again !== undefined) return again;
      return isExtension(text) || mayBeMissed(text) || isAboutRights(text) || isAboutRoles(text) ? pass() : new Refusal(error);
    }
    if (!isAboutRights(text)) this.#notes.add(`${heading(text)}: done by the superuser, since the master user may not`);
    return 'over';
  }

  async #copy(text: string, data: AsyncIterable<Buffer>): Promise<void> {
    if (await this.#mayCopy(text)) return this.#session.copy(text, data);
    this.#notes.add(`${heading(text)}: done by the superuser, since the master user may not`);
    await this.#keys.asSuperuser(async () => {
      await this.#session.hear();
      await this.#session.copy(text, data);
    });
    await this.#session.hear();
  }

  /** A table under row security takes rows only from roles that bypass it. */
  async #mayCopy(text: string): Promise<boolean> {
    try {
      await this.#session.tryCopy(text);
      return true;
    } catch (error) {
      return complaintIn(error).kind !== 'not allowed' && !isAboutRowSecurity(error);
    }
  }

  async #refusing<Result>({ text, place }: DumpPiece, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof DumpRefused) throw error;
      throw this.#refused(place, text, error);
    }
  }

  #encode(encoding: string, place: string): void {
    const decoder = decoderOf(encoding);
    if (!decoder)
      throw new DumpRefused(`${place} asks for the encoding ${encoding}, which is not known here. Dump again with --encoding=UTF8.`);
    this.#reading.decoder = decoder;
  }

  /** A session of its own begins; `pg_dumpall` writes the databases one after the other. */
  async #connect(database: string, place: string): Promise<void> {
    if (this.#hasContent && database !== this.#database && !TEMPLATES.has(database)) {
      throw new DumpRefused(
        `${place} goes on with another database, ${database}. A migration moves one: give a dump of that one (pg_dump --dbname=…).`,
      );
    }
    this.#database = database;
    this.#reading.decoder = UTF8;
    await this.#session.startAnew();
  }

  #refused(place: string, text: string, error: unknown): DumpRefused | OutOfLocks {
    if (isOutOfLocks(error)) return new OutOfLocks(`${place}: ${wordsOf(error)}`, { cause: error });
    const complaint = complaintIn(error);
    const locale =
      complaint.kind === 'missing locale'
        ? ` This machine does not have the locale ${complaint.name}, so nothing is known of a database that needs it. ` +
          'Install it (locale -a lists what is there; localedef or the package locales makes one), then rehearse again.'
        : '';
    return new DumpRefused(`${place} was refused: ${heading(text)}: ${wordsOf(error)}${locale}`, { cause: error });
  }
}

const isThereAnyway = (text: string): boolean =>
  isAboutRoles(text) || isExtension(text) || /^create\s+schema\s+"?public"?$/i.test(text) || /^create\s+.*language\s/i.test(text);

async function skip(piece: DumpPiece): Promise<void> {
  if (piece.kind === 'copy') for await (const _ of piece.data);
}
