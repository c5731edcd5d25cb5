/** A subscriber to the topic of the notices, and what was sent there. */
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfirmSubscriptionCommand, type SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';

export interface Mailbox {
  /** Waits until a notice of this subject has come since the call before. @throws after a minute, telling what has come */
  receive(subject: string): Promise<void>;
  close(): void;
}

interface Delivery {
  readonly Type: 'SubscriptionConfirmation' | 'Notification';
  readonly Token?: string;
  readonly Subject?: string;
}

const TIMEOUT_MS = 300_000;

export async function openMailbox(client: SNSClient, TopicArn: string): Promise<Mailbox> {
  const waiting: string[] = [];
  let confirmed: Promise<unknown> | undefined;
  const server = createServer(async (asked, response) => {
    let text = '';
    for await (const piece of asked.setEncoding('utf8')) text += piece;
    response.end();
    const { Type, Token = '', Subject = '' } = JSON.parse(text) as Delivery;
    if (Type === 'SubscriptionConfirmation') confirmed = client.send(new ConfirmSubscriptionCommand({ TopicArn, Token }));
    else waiting.push(Subject);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The mailbox has no port.');
  const until = async (what: string, is: () => boolean): Promise<void> => {
    for (const deadline = performance.now() + TIMEOUT_MS; !is(); await sleep(50)) {
      if (performance.now() > deadline)
        throw new Error(`${what} did not come within a minute; there is: ${waiting.join(', ') || 'nothing'}.`);
    }
  };
  await client.send(new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint: `http://127.0.0.1:${address.port}` }));
  await until('The confirmation', () => confirmed !== undefined);
  await confirmed;
  return {
    async receive(subject) {
      await until(`A notice "${subject}"`, () => waiting.includes(subject));
      waiting.splice(waiting.indexOf(subject), 1);
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
