import type { Json } from '../config/json.ts';

/** Structured log lines; keys and values must hold no secret and no row, but for a server's own words under `server`, which may quote one. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, Json>>): void;
  warn(message: string, fields?: Readonly<Record<string, Json>>): void;
}
