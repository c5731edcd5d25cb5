/** One embedded PostgreSQL server: made, started, restarted with other parameters, crashed, and gone without a trace. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { binariesOf, type Owner, type ServerVersion, serverOwner } from './binaries.ts';
import { type ServerCertificate, serverCertificate } from './certificates.ts';
import { type ClusterRole, makeDataDirectory, superuserOf } from './data-directory.ts';
import { freePort } from './free-port.ts';
import { Front, type Manner } from './front/front.ts';
import { tieToThisProcess } from './lifeline.ts';

const SUPERUSER_PASSWORD = 'rehearsal superuser';
const HOST = '127.0.0.1';

/** Server settings by name, as they would stand in postgresql.conf. */
export type Parameters = Readonly<Record<string, string | number>>;

/** Nothing outlives a rehearsal, so nothing has to survive a power cut; and shared memory goes with the server's folder, however it ends. */
const THROWAWAY: Parameters = {
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '64MB',
  max_wal_size: '2GB',
  dynamic_shared_memory_type: 'mmap',
};

export interface ServerOptions {
  readonly version: ServerVersion;
  readonly parameters?: Parameters;
  /** Servers of one cluster role may be copies of one data directory. @default - a directory of its own */
  readonly clusterRole?: ClusterRole;
  /** Text of its pg_hba.conf. @default - every role may log in with TLS and a password */
  readonly hba?: (superuser: string) => string;
}

/** Ways in which a server stops. `crash` is what the kernel's out-of-memory killer does: no checkpoint, no shutdown record. */
export type Shutdown = 'fast' | 'crash';
const SIGNALS = { fast: 'SIGINT', crash: 'SIGQUIT' } as const;

/** After five seconds the server kills what is left of it by itself. */
const LONGEST_FAREWELL_MS = 6_000;
/** It is never notified: waiting on it is how synchronous code sleeps. */
const CLOCK = new Int32Array(new SharedArrayBuffer(4));

const running = new Set<Server>();
process.once('exit', () => {
  for (const server of running) server.destroy();
});

export class Server {
  readonly version: ServerVersion;
  readonly certificate: ServerCertificate;
  readonly #clusterRole: ClusterRole | undefined;
  readonly #folder: string;
  readonly #binaries: string;
  readonly #owner: Owner | undefined;
  #parameters: Parameters;
  #port = 0;
  #front: Front | undefined;
  readonly #atTheEnd: (() => void)[] = [];
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(
    { version, clusterRole, parameters = {} }: ServerOptions,
    certificate: ServerCertificate,
    folder: string,
    binaries: string,
    owner: Owner | undefined,
  ) {
    this.version = version;
    this.certificate = certificate;
    this.#clusterRole = clusterRole;
    this.#folder = folder;
    this.#binaries = binaries;
    this.#owner = owner;
    this.#parameters = { ...THROWAWAY, ...parameters };
  }

  /** A new, empty server on a free port of 127.0.0.1, with TLS and SCRAM, and no other access unless `hba` says so. */
  static async start(options: ServerOptions): Promise<Server> {
    const { version, clusterRole, hba = everyRole } = options;
    const owner = serverOwner();
    const tls = await serverCertificate();
    const folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-'));
    const server = new Server(options, tls, folder, binariesOf(version, owner), owner);
    running.add(server);
    try {
      server.#write('server.crt', tls.certificate);
      server.#write('server.key', tls.key);
      server.#write('password', SUPERUSER_PASSWORD);
      await makeDataDirectory({
        folder,
        version,
        clusterRole,
        owner,
        binaries: server.#binaries,
        // so that it goes with the server if the process ends meanwhile
        onProcess: (child) => {
          server.#process = child;
        },
      });
      server.#process = undefined;
      server.#write('hba.conf', hba(superuserOf(clusterRole)));
      server.#write('authorities.crt', tls.authority);
      await server.#launchOnFreePort();
      return server;
    } catch (error) {
      server.destroy();
      throw error;
    }
  }

  /** PEM of the authority that signed the server's certificate. */
  get authority(): string {
    return this.certificate.authority;
  }

  get port(): number {
    return this.#port;
  }

  /** The port for every role but the superuser. */
  get entrancePort(): number {
    return this.#front?.port ?? this.#port;
  }

  /** The server's log since it was made. */
  get log(): string {
    return this.#log;
  }

  /** Settings for the bootstrap superuser, which only tests and the rehearsal's own preparation use. */
  superuser(database = 'postgres'): ConnectionSettings {
    return this.#settings(this.#port, superuserOf(this.#clusterRole), SUPERUSER_PASSWORD, database);
  }

  /** Settings for every other role, which connects by the front where there is one. */
  login(user: string, password: string, database: string): ConnectionSettings {
    return this.#settings(this.entrancePort, user, password, database);
  }

  #settings(port: number, user: string, password: string, database: string): ConnectionSettings {
    return { host: HOST, port, database, user, password, tls: { verify: 'full', authorities: this.authority } };
  }

  /** Puts a front before the server, by which every role but the superuser connects from now on. */
  async standBehind(manner: Manner): Promise<void> {
    const server = this;
    const behind = {
      get port() {
        return server.port; // which a failover changes
      },
      verifiedBy: this.authority,
    };
    const front = await Front.start(behind, this.certificate, manner);
    this.#front = front;
    this.atTheEnd(() => front.destroy());
  }

  /** @param act what belongs to the server and ends with it */
  atTheEnd(act: () => void): void {
    this.#atTheEnd.push(act);
  }

  /** Stops and starts on the same port, with `parameters` added to those it has. */
  async restart(parameters: Parameters = {}, shutdown: Shutdown = 'fast'): Promise<void> {
    await this.stop(shutdown);
    this.configure(parameters);
    await this.#launch();
  }

  /** Adds to the parameters with which it starts the next time. */
  configure(parameters: Parameters): void {
    this.#parameters = { ...this.#parameters, ...parameters };
  }

  async stop(shutdown: Shutdown = 'fast'): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(SIGNALS[shutdown]);
    await gone;
    this.#process = undefined;
  }

  /** Starts again after {@link stop}. */
  async resume(): Promise<void> {
    await this.#launch();
  }

  /** The same on another port, as another instance of its cluster has another address. A front goes on leading to it. */
  async resumeElsewhere(): Promise<void> {
    await this.#launchOnFreePort();
  }

  /** Of a server that is stopped: takes every replication slot away but these, as a replica has none that was not carried over to it. */
  keepSlots(kept: readonly string[]): void {
    const slots = join(this.#folder, 'data', 'pg_replslot');
    for (const name of readdirSync(slots)) if (!kept.includes(name)) rmSync(join(slots, name), { recursive: true });
  }

  /** Kills the server and removes its files, at once. Safe to call twice. */
  destroy(): void {
    running.delete(this);
    for (const act of this.#atTheEnd) act();
    this.#process?.kill('SIGQUIT');
    this.#process = undefined;
    // A server that is going down still writes, and what is written while the folder is removed would stay: its last act is to remove this file.
    const lock = join(this.#folder, 'data', 'postmaster.pid');
    for (let waited = 0; existsSync(lock) && waited < LONGEST_FAREWELL_MS; waited += 5) Atomics.wait(CLOCK, 0, 0, 5);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }

  #write(name: string, text: string): void {
    const path = join(this.#folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    if (!this.#owner) return;
    chownSync(path, this.#owner.uid, this.#owner.gid);
    chownSync(this.#folder, this.#owner.uid, this.#owner.gid);
  }

  async #launchOnFreePort(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      this.#port = await freePort();
      try {
        return await this.#launch();
      } catch (error) {
        // Between finding a port free and using it, another process may have taken it.
        if (attempt === 5 || !(error instanceof Error) || !error.message.includes('Address already in use')) throw error;
      }
    }
  }

  #launch(): Promise<void> {
    const settings: Parameters = {
      ...this.#parameters,
      listen_addresses: HOST,
      port: this.#port,
      unix_socket_directories: '',
      ssl: 'on',
      ssl_cert_file: join(this.#folder, 'server.crt'),
      ssl_key_file: join(this.#folder, 'server.key'),
      hba_file: join(this.#folder, 'hba.conf'),
      password_encryption: 'scram-sha-256',
      lc_messages: 'C',
    };
    const child = spawn(
      join(this.#binaries, 'bin', 'postgres'),
      ['-D', join(this.#folder, 'data'), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      // Where it subscribes, libpq takes these authorities for the system's. Locales that the system lacks may be in a folder of one's own.
      {
        ...this.#owner,
        cwd: this.#folder,
        env: { SSL_CERT_FILE: join(this.#folder, 'authorities.crt'), ...(process.env.LOCPATH ? { LOCPATH: process.env.LOCPATH } : {}) },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    this.#process = child;
    tieToThisProcess(child, this.#folder);
    let sinceLaunch = '';
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`PostgreSQL ${this.version} did not start (exit code ${code}): ${sinceLaunch}`)));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        sinceLaunch += text;
        this.#log += text;
        if (sinceLaunch.includes('database system is ready to accept connections')) resolve();
      });
    });
  }
}

const everyRole = (): string => `hostssl all all ${HOST}/32 scram-sha-256\nhostssl replication all ${HOST}/32 scram-sha-256\n`;
