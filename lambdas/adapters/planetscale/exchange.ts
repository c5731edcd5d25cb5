/** One request and its answer over HTTP, in a connection of its own: nothing is tried again, and no redirect is followed. */
import { type IncomingHttpHeaders, type IncomingMessage, request as plain, type RequestOptions } from 'node:http';
import { request as secure } from 'node:https';

export interface Request {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole of it, from the name's resolution to the answer's last byte. */
  readonly timeoutMs: number;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** No whole answer came. */
export class NoAnswer extends Error {
  /** Of Node.js, such as `ECONNRESET`, or `timeout`. */
  readonly code: string;
  /** Whether the request may have been received, and so been carried out. */
  readonly maybeReceived: boolean;
  constructor(code: string, maybeReceived: boolean) {
    super(code);
    this.code = code;
    this.maybeReceived = maybeReceived;
  }
}

/** Bytes of an answer that are read at most; a list of a hundred changes has a few hundred thousand. */
const LARGEST = 16 * 1024 ** 2;

/** @throws NoAnswer without a cause: those of Node.js may hold the request */
export async function exchange({ url, method, headers, body, timeoutMs }: Request): Promise<RawAnswer> {
  let isConnected = false;
  const signal = AbortSignal.timeout(timeoutMs);
  const options: RequestOptions = { method, headers: { ...headers, ...(body && { 'content-length': Buffer.byteLength(body) }) }, signal };
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sending = (url.protocol === 'https:' ? secure : plain)(url, { ...options, agent: false }, resolve);
      sending.on('error', reject);
      sending.on('socket', (socket) => {
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
          isConnected = true;
        });
      });
      sending.end(body);
    });
    return { status: answer.statusCode ?? 0, headers: answer.headers, text: await textOf(answer) };
  } catch (error) {
    if (error instanceof NoAnswer) throw error;
    const { code = 'unknown' } = error as { code?: string };
    throw new NoAnswer(signal.aborted ? 'timeout' : String(code), isConnected);
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LARGEST) {
      answer.destroy();
      throw new NoAnswer('too large', true);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
