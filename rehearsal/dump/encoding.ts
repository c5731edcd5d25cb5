/**
 * The encodings of PostgreSQL's clients (https://www.postgresql.org/docs/current/multibyte.html) by the names that the platform knows. The
 * server is always spoken to in UTF-8: a driver sends nothing else, and data may follow statements in another encoding.
 */

/** Bytes → text; throws where they are not of the encoding. */
export type Decoder = (bytes: Buffer) => string;

const strictly = (label: string): Decoder => {
  const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
  return (bytes) => decoder.decode(bytes);
};

export const UTF8: Decoder = strictly('utf-8');

/** Of no encoding at all: bytes that are UTF-8 by chance are taken for it, as a server in UTF-8 takes them. */
const UTF8_NAMES = new Set(['utf8', 'unicode', 'sqlascii']);

const LABELS: Readonly<Record<string, string>> = {
  ...{
    latin2: 'iso-8859-2',
    latin3: 'iso-8859-3',
    latin4: 'iso-8859-4',
    latin6: 'iso-8859-10',
    latin7: 'iso-8859-13',
    latin8: 'iso-8859-14',
  },
  latin9: 'iso-8859-15',
  latin10: 'iso-8859-16',
  iso88595: 'iso-8859-5',
  iso88596: 'iso-8859-6',
  iso88597: 'iso-8859-7',
  ...{
    iso88598: 'iso-8859-8',
    koi8r: 'koi8-r',
    koi8: 'koi8-r',
    koi8u: 'koi8-u',
    win866: 'ibm866',
    win874: 'windows-874',
    win: 'windows-1251',
  },
  ...Object.fromEntries([1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258].map((page) => [`win${page}`, `windows-${page}`])),
  eucjp: 'euc-jp',
  euckr: 'euc-kr',
  euccn: 'gbk',
  uhc: 'euc-kr',
  sjis: 'shift_jis',
  shiftjis: 'shift_jis',
  big5: 'big5',
  gbk: 'gbk',
  gb18030: 'gb18030',
};

/** @returns undefined where the platform does not know it */
export function decoderOf(encoding: string): Decoder | undefined {
  const name = encoding.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  if (UTF8_NAMES.has(name)) return UTF8;
  // A web browser takes it for windows-1252, which PostgreSQL does not.
  if (name === 'latin1' || name === 'iso88591') return (bytes) => bytes.toString('latin1');
  const label = LABELS[name];
  return label === undefined ? undefined : strictly(label);
}
