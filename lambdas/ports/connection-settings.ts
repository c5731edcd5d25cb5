/** How a connection to one database is made, and how it is encrypted. */

/** How far the server's certificate is checked. There is no way to ask for no encryption by accident. */
export type TlsSettings =
  /** Against these authorities in PEM; `system` are the public ones that Node.js ships. The host name is checked too. */
  | { readonly verify: 'full'; readonly authorities: string | 'system' }
  /** Only by explicit configuration, such as a rehearsal against a server on one's own machine that has no TLS. */
  | { readonly verify: 'off' };

export interface LoginSettings {
  readonly user: string;
  readonly password: string;
}

export interface ConnectionSettings extends LoginSettings {
  readonly host: string;
  readonly port: number;
  /** Host under which another server reaches it, where that is not ours. @default - ours */
  readonly publicHost?: string;
  readonly database: string;
  readonly tls: TlsSettings;
  /** The login as the secret has it now, which a rotation may have changed since it was read. @default - it comes from no secret */
  readonly currentLogin?: (() => Promise<LoginSettings>) | undefined;
}
