/** Certificate authorities that live as long as the process, and certificates for 127.0.0.1 signed by them. */
import { generate } from 'selfsigned';

export interface ServerCertificate {
  /** PEM of the authority, which clients verify against. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** An authority's own certificate and key, in PEM. */
export type Authority = Readonly<Record<'cert' | 'private', string>>;

const IP_ADDRESS = 7;
const LIFETIME_MS = 7 * 24 * 3600 * 1000;

// An elliptic key is made in milliseconds; an RSA key takes longer than starting a server.
const validity = () => ({ algorithm: 'sha256', keyType: 'ec', curve: 'P-256', notAfterDate: new Date(Date.now() + LIFETIME_MS) }) as const;

/** One that no client trusts yet. */
export const newAuthority = (name: string): Promise<Authority> =>
  generate([{ name: 'commonName', value: name }], {
    ...validity(),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });

let authority: Promise<Authority> | undefined;

/** A further certificate for 127.0.0.1. @param by the authority that signs it. @default - the authority of all servers of this process */
export async function newCertificate(by?: Authority): Promise<ServerCertificate> {
  authority ??= newAuthority('Rehearsal authority');
  const ca = by ?? (await authority);
  const server = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    ...validity(),
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'subjectAltName', altNames: [{ type: IP_ADDRESS, ip: '127.0.0.1' }] },
    ],
  });
  return { authority: ca.cert, certificate: server.cert, key: server.private };
}

let made: Promise<ServerCertificate> | undefined;

/** One for all servers of this process. */
export function serverCertificate(): Promise<ServerCertificate> {
  made ??= newCertificate();
  return made;
}
