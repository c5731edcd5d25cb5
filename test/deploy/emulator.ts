/** MiniStack: installed into an environment of its own, started on a free port of 127.0.0.1, and gone afterwards with all its functions. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endGroup, listenTo, run, start } from './processes.ts';
import { ACCOUNT, environmentFor, type Files, PROJECT, REGION } from './site.ts';

const HERE = join(PROJECT, 'test', 'deploy');
const REQUIREMENTS = join(HERE, 'requirements.txt');
/** Ignored by Git; made once, and again when the requirements change. */
const ENVIRONMENT = join(PROJECT, '.deploy', 'python');
const INSTALLED = join(ENVIRONMENT, 'installed.txt');
const PYTHON = join(ENVIRONMENT, 'bin', 'python');

/** Seconds of a state machine pass in this share of a second. The shortest poll of the product is 15 seconds. */
const WAIT_SCALE = 0.02;
const TIMEOUT_MS = 300_000;

export interface Emulator {
  readonly endpoint: string;
  /** What it has logged. */
  log(): string;
  stop(): Promise<void>;
}

/** Needs Python 3.10 or newer with venv, and a registry of Python packages. */
export async function installEmulator(): Promise<void> {
  const requirements = readFileSync(REQUIREMENTS, 'utf8');
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === requirements) return;
  rmSync(ENVIRONMENT, { recursive: true, force: true });
  const environment = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
  await run({ command: 'python3', arguments: ['-m', 'venv', ENVIRONMENT], environment, folder: PROJECT });
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '--requirement', REQUIREMENTS];
  await run({ command: PYTHON, arguments: install, environment, folder: PROJECT });
  writeFileSync(INSTALLED, requirements);
}

/** @param rdsEndpoint where functions find the RDS API; it is not the emulator's own */
export async function startEmulator(port: number, files: Files, rdsEndpoint: string): Promise<Emulator> {
  const endpoint = endpointOf(port);
  const { AWS_ENDPOINT_URL: _, ...environment } = environmentFor(endpoint, files);
  const child = start({
    command: PYTHON,
    arguments: [join(HERE, 'emulator.py')],
    folder: files.folder,
    goesWith: files.folder,
    environment: {
      ...environment,
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      MINISTACK_REGION: REGION,
      MINISTACK_ACCOUNT_ID: ACCOUNT,
      // The bootstrap's bucket takes nothing without TLS.
      USE_SSL: '1',
      MINISTACK_SSL_CERT: files.certificate,
      MINISTACK_SSL_KEY: files.key,
      // Each function has its own role's rights, and no others.
      AUTH: 'true',
      SFN_WAIT_SCALE: String(WAIT_SCALE),
      S3_DATA_DIR: join(files.folder, 's3'),
      AWS_ENDPOINT_URL_RDS: rdsEndpoint,
    },
  });
  const log = listenTo(child);
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    endGroup(child, 'SIGKILL');
    await gone;
  };
  for (const deadline = performance.now() + TIMEOUT_MS; !(await isReady(port, files)); await sleep(100)) {
    if (child.exitCode === null && performance.now() < deadline) continue;
    await stop();
    throw new Error(`The emulator did not start:\n${log()}`);
  }
  return { endpoint, log, stop };
}

export const endpointOf = (port: number): string => `https://127.0.0.1:${port}`;

function isReady(port: number, files: Files): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: '/_ministack/ready', ca: readFileSync(files.authority) }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.once('error', () => resolve(false));
    asked.end();
  });
}
