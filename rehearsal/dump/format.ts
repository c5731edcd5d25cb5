/** The kind of a file, by its first bytes: a plain dump is text, and everything else is refused with the command that makes one of it. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { DumpRefused } from './refused.ts';

const PLAIN = 'Only plain SQL is loaded.';
const restore = (path: string): string => `Make plain SQL of it: pg_restore --file=plain.sql '${path}'`;

/** The tar file that pg_dump writes begins with its table of contents. */
const BEGINNINGS: readonly { readonly bytes: string; readonly is: string; readonly make: (path: string) => string }[] = [
  { bytes: 'PGDMP', is: 'a dump in the custom format', make: restore },
  { bytes: 'toc.dat\0', is: 'a dump in the tar format', make: restore },
  { bytes: '\x1f\x8b', is: 'compressed', make: (path) => `Unpack it: gunzip --keep '${path}'` },
  { bytes: '\x28\xb5\x2f\xfd', is: 'compressed', make: (path) => `Unpack it: zstd -d '${path}'` },
  { bytes: '\x04\x22\x4d\x18', is: 'compressed', make: (path) => `Unpack it: lz4 -d '${path}'` },
  { bytes: 'BZh', is: 'compressed', make: (path) => `Unpack it: bunzip2 --keep '${path}'` },
  { bytes: '\xfd7zXZ\0', is: 'compressed', make: (path) => `Unpack it: unxz --keep '${path}'` },
  { bytes: 'PK\x03\x04', is: 'compressed', make: (path) => `Unpack it: unzip '${path}'` },
  { bytes: 'SQLite format 3\0', is: 'a database of SQLite', make: () => 'Give it a dump of PostgreSQL.' },
  { bytes: '\xff\xfe', is: 'in UTF-16', make: (path) => `Make UTF-8 of it: iconv -f UTF-16 -t UTF-8 '${path}' > utf8.sql` },
  { bytes: '\xfe\xff', is: 'in UTF-16', make: (path) => `Make UTF-8 of it: iconv -f UTF-16 -t UTF-8 '${path}' > utf8.sql` },
];

/** @throws DumpRefused where it is not a file of text, or not there */
export function refuseOtherFormats(path: string): void {
  const found = beginningOf(path);
  const other = BEGINNINGS.find(({ bytes }) => found.startsWith(bytes));
  if (other) throw new DumpRefused(`${path} is ${other.is}. ${PLAIN} ${other.make(path)}`);
}

function beginningOf(path: string): string {
  let file: number;
  try {
    if (statSync(path).isDirectory())
      throw new DumpRefused(`${path} is a folder, as pg_dump's directory format. ${PLAIN} ${restore(path)}`);
    file = openSync(path, 'r');
  } catch (error) {
    if (error instanceof DumpRefused) throw error;
    throw new DumpRefused(`${path} cannot be read: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  try {
    const bytes = Buffer.alloc(16);
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}
