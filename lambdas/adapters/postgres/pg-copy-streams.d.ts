/** The one function of the package that is used here; it brings no types of its own. */
declare module 'pg-copy-streams' {
  import type { Writable } from 'node:stream';
  import type { Submittable } from 'pg';
  /** `COPY … FROM STDIN` as a stream of what the file would hold. */
  export function from(text: string): Writable & Submittable;
}
