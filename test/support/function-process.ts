/**
 * A step's function in a process of its own, so that it can be killed as the kernel kills: no catch, no finally, no goodbye to a server.
 * Started with a channel to its parent, which stands for Step Functions and for everything of AWS that the function calls.
 */
import type { Application, Hook } from '../../lambdas/ports/application.ts';
import { noMadeLogin } from '../../lambdas/ports/application.ts';
import type { Bindings } from '../../lambdas/ports/bindings.ts';
import { noLimit } from '../../lambdas/ports/concurrency.ts';
import type { Executions } from '../../lambdas/ports/executions.ts';
import { noFunctions } from '../../lambdas/ports/functions.ts';
import { WITHOUT_TOKEN } from '../../lambdas/ports/planetscale.ts';
import { unmanagedCluster } from '../../rehearsal/aurora-stand-in.ts';
import { replicationSecret } from '../../rehearsal/bindings.ts';
import { invoke } from '../../rehearsal/machines/local-function.ts';
import type { Answer, Call, Job, Report } from './killable.ts';
import { silent } from './world.ts';

const waiting = new Map<number, (answer: Answer) => void>();
let calls = 0;

const send = (report: Report) => process.send?.(report);

/** Asks the parent. */
function call<Result>(call: Omit<Call, 'kind' | 'id'>): Promise<Result> {
  calls += 1;
  const id = calls;
  return new Promise((resolve, reject) => {
    waiting.set(id, ({ value, error }) => (error === undefined ? resolve(value as Result) : reject(new Error(error))));
    send({ kind: 'call', id, ...call });
  });
}

/** A port of which only the parent has the real one. */
const remote = <Port extends object>(place: Call['place'], methods: readonly (keyof Port & string)[]): Port =>
  Object.fromEntries(methods.map((method) => [method, (...args: readonly unknown[]) => call({ place, method, args })])) as Port;

async function run({ fn, event, budgetMs, source, target, replication, wayBack, secret }: Job): Promise<void> {
  const { passwords, ...login } = replication;
  const places: Bindings = {
    source,
    target,
    cluster: unmanagedCluster,
    ...WITHOUT_TOKEN,
    replication: { ...login, password: async (side = 'source') => passwords[side] },
    wayBack,
    replicationSecret: replicationSecret('the root of a switch that rotates nothing'),
    application: {
      secret,
      makesLogin: undefined,
      ...remote<Omit<Application, 'secret' | 'makesLogin'>>('application', [
        'pointsAt',
        'obstacles',
        'currentUsers',
        'sourceUsers',
        'targetUser',
        'keepOriginal',
        'isKept',
        'pointAt',
        'forgetOriginal',
      ]),
    },
    applicationLogin: noMadeLogin,
    hook: remote<Hook>('hook', ['call']),
    functions: noFunctions,
    concurrency: noLimit,
    executions: remote<Executions>('executions', ['older', 'steppedAside']),
  };
  try {
    send({ kind: 'returned', result: await invoke(fn, event, places, budgetMs, silent) });
  } catch (error) {
    const { name, message } = error as Error;
    send({ kind: 'threw', name, message });
  }
}

process.on('message', (message: Job | Answer) => {
  if ('fn' in message) void run(message);
  else waiting.get(message.id)?.(message);
});
