import type { Json } from '../config/json.ts';

/** Structured log lines; they must hold no secret and no row, except a server's own message under `server`, which may quote a row. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, Json>>): void;
  warn(message: string, fields?: Readonly<Record<string, Json>>): void;
}
