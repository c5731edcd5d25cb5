/** A server that answers as a test says, and remembers what it was asked, for clients of PlanetScale's API. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ServerCertificate } from '../../rehearsal/servers/certificates.ts';

export interface Asked {
  /** Such as `GET /v1/organizations/acme/databases/shop?page=1`, as it was sent. */
  readonly call: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

/** An answer, or a way to give none. */
export type Scripted =
  | { readonly status: number; readonly body?: unknown; readonly text?: string; readonly headers?: Readonly<Record<string, string>> }
  | 'broken off'
  | 'broken off in the middle'
  | 'silent';

export interface ScriptedApi {
  readonly url: string;
  readonly asked: Asked[];
  /** Answers by call, as {@link Asked.call} without base and query; each in turn, and the last one from then on. */
  answers: Record<string, Scripted | readonly Scripted[]>;
  close(): void;
}

/** @param certificate for HTTPS. @default - HTTP */
export async function scriptedApi(certificate?: ServerCertificate): Promise<ScriptedApi> {
  const counts = new Map<string, number>();
  const asked: Asked[] = [];
  let answers: ScriptedApi['answers'] = {};
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    const { method = '', url = '', headers } = request;
    asked.push({ call: `${method} ${url}`, authorization: headers.authorization, body: text === '' ? undefined : JSON.parse(text) });
    const call = `${method} ${url.replace(/\?.*/, '').replace(/^\/v1\/organizations\/[^/]+\/databases\/[^/]+/, '')}`;
    const script = answers[call] ?? { status: 404, body: { code: 'not_found', message: 'Not Found' } };
    const list = Array.isArray(script) ? (script as readonly Scripted[]) : [script as Scripted];
    const count = counts.get(call) ?? 0;
    counts.set(call, count + 1);
    const answer = list[Math.min(count, list.length - 1)] ?? 'broken off';
    if (answer === 'silent') return;
    if (answer === 'broken off') return void request.socket.destroy();
    if (answer === 'broken off in the middle') {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"id": ', () => request.socket.destroy());
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.text ?? (answer.body === undefined ? undefined : JSON.stringify(answer.body)));
  };
  const listen = (request: IncomingMessage, response: ServerResponse) => void serve(request, response).catch(() => response.destroy());
  const server = certificate ? createTlsServer({ cert: certificate.certificate, key: certificate.key }, listen) : createServer(listen);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${certificate ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    get answers() {
      return answers;
    },
    set answers(given) {
      answers = given;
      counts.clear();
      asked.length = 0;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
