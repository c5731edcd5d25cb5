/**
 * A password's SCRAM-SHA-256 verifier, as PostgreSQL stores it (RFC 5803, RFC 7677). The server gets the verifier in place of the
 * password, so a statement log never holds anything that could log in.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { InvalidConfiguration } from '../config/errors.ts';

/** Rounds, as the server itself takes them: RFC 7677 asks for at least 4,096 rounds; `scram_iterations` of version 16 has the same default. */
const ITERATIONS = 4096;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** RFC 3454, tables C.1.2 (become a space) and B.1 (vanish). */
const NON_ASCII_SPACE = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
const MAPPED_TO_NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|[\u200c\u200d]|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;
/** Code points that every Unicode since 3.2 knows, none of them prohibited, none written from right to left. */
const CERTAIN = /^[ -~\u00a1-\u017f\u1e00-\u1e99\u3041-\u3094\uff01-\uff5e]*$/u;

/**
 * SASLprep (RFC 4013) with PostgreSQL's exception: where the profile forbids a character, the password is used as it came. The result is
 * certain where preparing changes nothing, or where only characters are left about which all versions of Unicode agree.
 * @throws InvalidConfiguration for the rest, which client libraries prepare differently
 */
export function saslprep(password: string): string {
  if (/^\p{ASCII}*$/u.test(password)) return password;
  const prepared = password.replace(NON_ASCII_SPACE, ' ').replace(MAPPED_TO_NOTHING, '').normalize('NFKC');
  if (prepared === password || (CERTAIN.test(prepared) && prepared !== '')) return prepared;
  throw new InvalidConfiguration(
    'The replication password holds characters that client libraries prepare differently before they log in. Nothing was changed. ' +
      'Put a password of printable ASCII characters into the secret, then start again.',
  );
}

/**
 * `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`, which CREATE ROLE takes in place of a password
 * (https://www.postgresql.org/docs/current/catalog-pg-authid.html).
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(SALT_BYTES), iterations = ITERATIONS): string {
  const salted = pbkdf2Sync(saslprep(password), salt, iterations, KEY_BYTES, 'sha256');
  const keyed = (label: string) => createHmac('sha256', salted).update(label).digest();
  const stored = createHash('sha256').update(keyed('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${keyed('Server Key').toString('base64')}`;
}
