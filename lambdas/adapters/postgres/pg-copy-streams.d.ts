/** What is used here of the package; it brings no types of its own. */
declare module 'pg-copy-streams' {
  import type { Readable, Writable } from 'node:stream';
  import type { Submittable } from 'pg';
  /** `COPY … FROM STDIN` as a stream of what the file would hold; finished when the server is ready for the next statement. */
  export function from(text: string): Writable & Submittable & Counting;
  /** `COPY … TO STDOUT`; ended with the last byte, before the server has said that it is done. */
  export function to(text: string): Readable & Submittable & Counting;
  interface Counting {
    /** As the server counted them, once it is done. */
    readonly rowCount: number;
    /** Called by the driver when the server is ready for the next statement; not after an error. */
    handleReadyForQuery(): void;
  }
}
