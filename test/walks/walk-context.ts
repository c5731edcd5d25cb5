/** What a walk is made on: two sides, the application's secret and function, and steps that visit them. In memory, or on real servers. */
import { InvalidConfiguration } from '../../lambdas/config/errors.ts';
import type { SideName } from '../../lambdas/config/side-name.ts';
import type { Hook } from '../../lambdas/ports/application.ts';
import type { Gates } from '../../lambdas/state/gates.ts';
import type { Invocation } from './interruptible.ts';

export type Machine = 'SwitchOver' | 'SwitchBack' | 'LiftFence';

export interface WalkContext {
  readonly secret: WalkedSecret;
  readonly hook: WalkedHook;
  /** One visit of a step, until its end; it throws what the step throws. */
  visit(machine: Machine, execution: string, invocation: Invocation, input?: { readonly execution?: string }): Promise<'pending' | 'done'>;
  /** What the context itself could not do; empty, or the walk says nothing. */
  defects(): readonly string[];
  gates(): Promise<Gates>;
  /** From now on the application is let in anew before it writes; until then it writes in the sessions that it has, while they live. */
  reconnect(): Promise<void>;
  /** Sides on which the application may write, wherever its secret leads. */
  writable(): Promise<SideName[]>;
  /** A write of the application's under this token, where its secret leads. Whether it was acknowledged. */
  write(token: string): Promise<boolean>;
  /** Tokens that a side has. */
  written(side: SideName): Promise<ReadonlySet<string>>;
  /** What both streams are: names of subscriptions, and of slots, by side. */
  streams(): Promise<unknown>;
  /** Ends every session of a side, as a crash does; nothing committed is lost. */
  crash(side: SideName): Promise<void>;
  /** Until every fence would be over that is up by now. */
  passTime(): Promise<void>;
}

/** A secret that may be locked. */
export class WalkedSecret {
  leadsTo: SideName = 'source';
  locked = false;
  readonly secret = 'the application';
  obstacles = async (): Promise<[]> => [];
  currentUsers = async (): Promise<string[]> => ['the_application'];
  makesLogin = undefined;
  sourceUsers = async (): Promise<string[]> => ['the_application'];
  targetUser = async (): Promise<string> => 'the_application';
  pointsAt = async (): Promise<SideName> => this.leadsTo;
  keepOriginal = async (): Promise<void> => {};
  isKept = async (): Promise<boolean> => false;
  forgetOriginal = async (): Promise<void> => {};
  pointAt = async (side: SideName): Promise<void> => {
    if (this.locked) throw new InvalidConfiguration('The secret is locked.');
    this.leadsTo = side;
  };
}

/** A function of the user's that may be broken. What it was told stands in the gates. */
export class WalkedHook implements Hook {
  readonly configured = true;
  broken = false;
  call: Hook['call'] = async () => {
    if (this.broken) throw new InvalidConfiguration('The function is broken.');
  };
}
