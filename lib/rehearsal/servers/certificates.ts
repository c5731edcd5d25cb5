/** A certificate authority that lives as long as the process, and server certificates for 127.0.0.1 signed by it. */
import { generate } from 'selfsigned';

export interface ServerCertificate {
  /** PEM of the authority, which clients verify against. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

const IP_ADDRESS = 7;
const LIFETIME_MS = 7 * 24 * 3600 * 1000;

async function make(): Promise<ServerCertificate> {
  // An elliptic key is made in milliseconds; an RSA key takes longer than starting a server.
  const validity = { algorithm: 'sha256', keyType: 'ec', curve: 'P-256', notAfterDate: new Date(Date.now() + LIFETIME_MS) } as const;
  const authority = await generate([{ name: 'commonName', value: 'Rehearsal authority' }], {
    ...validity,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    ...validity,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'subjectAltName', altNames: [{ type: IP_ADDRESS, ip: '127.0.0.1' }] },
    ],
  });
  return { authority: authority.cert, certificate: server.cert, key: server.private };
}

let made: Promise<ServerCertificate> | undefined;

/** One for all servers of this process. */
export function serverCertificate(): Promise<ServerCertificate> {
  made ??= make();
  return made;
}
