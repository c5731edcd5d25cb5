/** Change requests of a stand-in's cluster, from the queue to the end: what they change is really changed on the server. */
import { randomBytes } from 'node:crypto';
import { literal } from '../../lambdas/postgres/quote.ts';
import type { Edge } from '../servers/front/edge.ts';
import type { Server } from '../servers/server.ts';
import { switchTargetOver } from '../servers/switchover.ts';
import { type Parameter, refusalOf, SLOT_LIST } from './parameters.ts';
import { platformSql } from './sql.ts';

export type ChangeState = 'queued' | 'pending' | 'resizing' | 'canceled' | 'completed';
type Values = Record<string, Record<string, string>>;

/** One change, as far as it differs from one to the other. */
export interface Change {
  readonly id: string;
  readonly actor: string;
  readonly createdAt: string;
  state: ChangeState;
  parameters: Values;
  previousParameters: Values;
  storage: { minimum: number; maximum: number };
  previousStorage: { minimum: number; maximum: number };
}

/** What is asked for, as a request says it. */
export interface Wanted {
  readonly parameters?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly storage?: { readonly minimum_storage_bytes?: number; readonly maximum_storage_bytes?: number };
}

/** It cannot be done: what the API answers with 422. */
export class Refused extends Error {}

const NEXT: Readonly<Record<'queued' | 'pending', ChangeState>> = { queued: 'pending', pending: 'resizing' };
const underWay = ({ state }: Change): boolean => state === 'queued' || state === 'pending' || state === 'resizing';

export interface ClusterOptions {
  readonly isMetal?: boolean;
  /** Bytes. @default 10 GiB, growing by itself up to 100 GiB */
  readonly storage?: { readonly minimum: number; readonly maximum: number };
}
const GIBIBYTE = 1024 ** 3;

export class Changes {
  /** The newest first. */
  readonly list: Change[] = [];
  readonly parameters: readonly Parameter[];
  readonly isMetal: boolean;
  storage: { minimum: number; maximum: number };
  /** The state beyond which no change goes for the moment. */
  heldAt: ChangeState | undefined;
  /** Whether the next change that begins is canceled in place of it. */
  cancelsNext = false;
  /** Whether what is configured never reaches the server. */
  forgets = false;
  #growths = 0;
  #restarts = 0;
  readonly #server: Server;
  readonly #edge: Edge;
  #carriedOut: Promise<void> | undefined;
  #failure: unknown;

  constructor(server: Server, edge: Edge, parameters: readonly Parameter[], { isMetal = false, storage }: ClusterOptions) {
    this.#server = server;
    this.#edge = edge;
    this.parameters = parameters;
    this.isMetal = isMetal;
    this.storage = storage ?? { minimum: 10 * GIBIBYTE, maximum: 100 * GIBIBYTE };
  }

  /** How often the cluster was restarted. */
  get restarts(): number {
    return this.#restarts;
  }

  get isBusy(): boolean {
    return this.list.some(underWay);
  }

  /** Queues it, or adds it to what is queued. @returns undefined where nothing would change @throws Refused */
  upsert({ parameters = {}, storage = {} }: Wanted, actor: string): Change | undefined {
    const wanted = this.#wantedOf(parameters);
    const { minimum_storage_bytes: minimum = this.storage.minimum, maximum_storage_bytes: most = this.storage.maximum } = storage;
    const grows = minimum !== this.storage.minimum || most !== this.storage.maximum;
    if (grows) this.#demandRoom(minimum, most);
    if (Object.keys(wanted.to).length === 0 && !grows) return undefined;
    const open = this.list.find(({ state }) => state === 'queued' || state === 'pending');
    if (open) {
      open.parameters = merged(open.parameters, wanted.to);
      open.previousParameters = merged(wanted.from, open.previousParameters);
      if (grows) open.storage = { minimum, maximum: most };
      return open;
    }
    const change: Change = {
      id: randomBytes(6).toString('hex'),
      actor,
      createdAt: new Date().toISOString(),
      state: 'queued',
      parameters: wanted.to,
      previousParameters: wanted.from,
      storage: { minimum, maximum: most },
      previousStorage: { ...this.storage },
    };
    this.list.unshift(change);
    return change;
  }

  #wantedOf(parameters: NonNullable<Wanted['parameters']>): { readonly from: Values; readonly to: Values } {
    const [from, to]: [Values, Values] = [{}, {}];
    for (const [namespace, values] of Object.entries(parameters))
      for (const [name, value] of Object.entries(values)) {
        const known = this.parameters.find((parameter) => parameter.namespace === namespace && parameter.name === name);
        if (!known) throw new Refused(`unknown parameter ${namespace}.${name}`);
        if (typeof value !== 'string') throw new Refused(`the value of ${name} must be a string`);
        const refusal = refusalOf(known, value);
        if (refusal !== undefined) throw new Refused(refusal);
        if (known.value === value) continue;
        from[namespace] = { ...from[namespace], [name]: known.value };
        to[namespace] = { ...to[namespace], [name]: value };
      }
    return { from, to };
  }

  /** A disk grows, once in a while, and never shrinks. */
  #demandRoom(minimum: number, most: number): void {
    if (this.isMetal) throw new Refused('storage of a Metal cluster follows from its size');
    if (!Number.isInteger(minimum) || minimum < this.storage.minimum) throw new Refused('storage cannot shrink');
    if (most < minimum) throw new Refused('maximum storage is less than minimum storage');
    if (this.#growths > 0 && minimum > this.storage.minimum) throw new Refused('storage was changed recently; try again in six hours');
  }

  /** Every change goes one state further each time that somebody looks. */
  look(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const change = this.list.findLast(underWay);
    if (!change || change.state === this.heldAt) return;
    if (change.state !== 'resizing') {
      if (change.state === 'pending' && this.cancelsNext) {
        this.cancelsNext = false;
        change.state = 'canceled';
        return;
      }
      change.state = NEXT[change.state as 'queued' | 'pending'];
      return;
    }
    this.#carriedOut ??= this.#carryOut(change).then(
      () => {
        change.state = 'completed';
        this.#carriedOut = undefined;
      },
      (error: unknown) => {
        this.#failure = error;
      },
    );
  }

  async #carryOut(change: Change): Promise<void> {
    const settings = change.parameters.pgconf ?? {};
    const isRestart = (name: string) =>
      this.parameters.some((known) => known.namespace === 'pgconf' && known.name === name && known.restart);
    const restarting = Object.fromEntries(Object.entries(settings).filter(([name]) => isRestart(name)));
    for (const [namespace, values] of Object.entries(change.parameters))
      for (const known of this.parameters)
        if (known.namespace === namespace && values[known.name] !== undefined) known.value = values[known.name] ?? known.value;
    if (change.storage.minimum !== this.storage.minimum) this.#growths += 1;
    this.storage = { ...change.storage };
    if (this.forgets) return;
    const sql = platformSql(this.#server);
    for (const [name, value] of Object.entries(settings)) if (!isRestart(name)) await sql(`alter system set ${name} = ${literal(value)}`);
    if (Object.keys(settings).length > 0) await sql('select pg_reload_conf()');
    if (Object.keys(restarting).length === 0) return;
    this.#restarts += 1;
    this.#server.configure(restarting);
    await switchTargetOver(this.#server, this.listedSlots(), { entrance: this.#edge });
  }

  /** Names of the slots that a switchover carries over. */
  listedSlots(): string[] {
    const list = this.parameters.find(({ namespace, name }) => namespace === SLOT_LIST.namespace && name === SLOT_LIST.name);
    return (list?.value ?? '').split(',').filter((name) => name !== '');
  }

  /** Waits for what is being carried out. */
  async settled(): Promise<void> {
    await this.#carriedOut;
  }
}

const merged = (one: Values, other: Values): Values =>
  Object.fromEntries([...new Set([...Object.keys(one), ...Object.keys(other)])].map((key) => [key, { ...one[key], ...other[key] }]));
