/**
 * New data directories without a new initdb for each, which takes most of a second of a processor: the second server of a version in one
 * process and all after it are copies. A copy gets a system identifier of its own, since that is how servers tell each other apart.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, cpSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Owner, ServerVersion } from './binaries.ts';

/** CRC-32C (Castagnoli), with which PostgreSQL seals its control file. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});
const crc32c = (bytes: Uint8Array): number => {
  let value = 0xffffffff;
  for (const byte of bytes) value = ((TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8)) >>> 0;
  return (value ^ 0xffffffff) >>> 0;
};

/** The seal is the last field of the control file's contents, whose length differs from version to version. */
const SHORTEST_CONTROL = 200;
const LONGEST_CONTROL = 512;
/** The identifier stands at the beginning of the control file, and behind the ordinary header of a segment's first page. */
const IDENTIFIER_IN_SEGMENT = 24;
const FIRST_SEGMENT = '000000010000000000000001';

const seen = new Set<ServerVersion>();
const templates = new Map<ServerVersion, Promise<string>>();
const folders: string[] = [];
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Makes the data directory of a new server. @param initialise runs initdb on a folder that is not there yet, as `owner` */
export async function makeData(
  version: ServerVersion,
  data: string,
  owner: Owner | undefined,
  initialise: (folder: string) => Promise<void>,
): Promise<void> {
  if (!seen.has(version)) {
    seen.add(version); // most processes start one server of a version
    return initialise(data);
  }
  const template = templates.get(version) ?? makeTemplate(owner, initialise);
  templates.set(version, template);
  copyOf(await template, data);
  chmodSync(data, 0o700);
  if (owner) giveTo(owner, data);
}

async function makeTemplate(owner: Owner | undefined, initialise: (folder: string) => Promise<void>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-template-'));
  folders.push(folder);
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  await initialise(data);
  return data;
}

function giveTo(owner: Owner, path: string): void {
  chownSync(path, owner.uid, owner.gid);
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) giveTo(owner, join(path, name));
}

/** Of a data directory of which no server was ever started. */
function copyOf(template: string, data: string): void {
  cpSync(template, data, { recursive: true });
  const identifier = randomBytes(8);
  identifier.writeUInt8(identifier.readUInt8(7) & 0x7f, 7); // shown as a signed number by some versions
  const controlFile = join(data, 'global', 'pg_control');
  const control = readFileSync(controlFile);
  const seal = sealOf(control);
  identifier.copy(control, 0);
  control.writeUInt32LE(crc32c(control.subarray(0, seal)), seal);
  writeFileSync(controlFile, control);
  const segmentFile = join(data, 'pg_wal', FIRST_SEGMENT);
  const segment = readFileSync(segmentFile);
  identifier.copy(segment, IDENTIFIER_IN_SEGMENT);
  writeFileSync(segmentFile, segment);
}

function sealOf(control: Buffer): number {
  for (let offset = SHORTEST_CONTROL; offset <= LONGEST_CONTROL; offset += 4) {
    if (crc32c(control.subarray(0, offset)) === control.readUInt32LE(offset)) return offset;
  }
  throw new Error('The control file of the template has no seal where one is expected.');
}
