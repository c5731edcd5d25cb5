/**
 * The part of a server's message that may be shown in the history of an execution and in notices: names of objects, and no value of a
 * row. A message is kept whole where the server itself put it together out of names alone; any other is cut to the name of its condition and
 * the object, and only the log gets the rest. In doubt it is cut.
 */
import { conditionOf } from './sqlstates.ts';

/** An error as a server reports it. */
export interface ServerReport {
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  /** Whether code of the database took part in it: a function, or an expression that calls one. */
  readonly foreign: boolean;
  /** The function in which it arose. */
  readonly culprit?: string | undefined;
  /** Objects that it concerns, each with its kind, such as `constraint t_pkey`. */
  readonly objects?: readonly string[];
}

export interface PublicWords {
  readonly message: string;
  readonly hint: string | undefined;
  /** The whole message, for the log alone; undefined where nothing was left out. */
  readonly whole: string | undefined;
}

/**
 * Classes whose messages quote values or are written by others: data exceptions, foreign data wrappers, PL/pgSQL's own, external routines,
 * and internal errors, which extensions use for whatever they have to say.
 */
const MAY_QUOTE_VALUES = /^(?:22|HV|P0|38|39|XX)/;

export function publicWords({ code, message, hint, foreign, culprit, objects = [] }: ServerReport): PublicWords {
  const condition = conditionOf(code);
  if (condition !== undefined && !foreign && !MAY_QUOTE_VALUES.test(code)) return { message, hint, whole: undefined };
  const where = [...(culprit === undefined ? [] : [`in function ${culprit}`]), ...(objects.length > 0 ? [`at ${objects.join(', ')}`] : [])];
  return {
    message: `${[`${condition ?? 'a condition of its own'} (${code})`, ...where].join(' ')}; its words may hold data and are in the log only`,
    hint: undefined,
    whole: hint ? `${message} Hint: ${hint}` : message,
  };
}

/** `message (code)`, once. */
export const withCode = (message: string, code: string | undefined): string =>
  code === undefined || message.includes(`(${code})`) ? message : `${message} (${code})`;

/** Frames of the context of an error, innermost first, as PostgreSQL writes them; in another language none is recognized, and words are cut. */
const OWN_FRAME = new RegExp(
  [
    String.raw`^PL/pgSQL function (?:inline_code_block|pg_temp_\d+\.planetscale_\w+\([^()]*\)) line \d+ at [^\n]+$`,
    String.raw`^compilation of PL/pgSQL function "(?:inline_code_block|planetscale_\w+)" near line \d+$`,
  ].join('|'),
);
const ANY_FRAME = /^(?:PL\/|SQL function |compilation of )/;
/** Where in parallel work, in data that are copied, or among bound values it was: no code is named by it. */
const NEUTRAL = /^(?:parallel worker$|COPY |unnamed portal parameter \$\d+)/;

const framesOf = (context: string | undefined): string[] =>
  (context ?? '').split('\n').filter((line) => line !== '' && !NEUTRAL.test(line));

/** Whether nothing but a block of ours ran. */
export function isOwnBlock(context: string | undefined): boolean {
  const frames = framesOf(context);
  const [innermost = '', outermost = ''] = [frames[0], frames.at(-1)];
  if (!OWN_FRAME.test(innermost) && !innermost.startsWith('SQL statement "')) return false;
  return OWN_FRAME.test(outermost) && frames.every((frame) => !ANY_FRAME.test(frame) || OWN_FRAME.test(frame));
}

/** The same, or our own statement by itself. */
export const isOwnContext = (context: string | undefined): boolean => framesOf(context).length === 0 || isOwnBlock(context);

/** The function of the innermost frame, with the types of its arguments; undefined where that is none, or a block without a name. */
export function culpritIn(context: string | undefined): string | undefined {
  const [innermost = ''] = (context ?? '').split('\n');
  const name =
    /^PL\/pgSQL function (.+\)) line \d+ at [\w ]+$/.exec(innermost) ??
    /^SQL function "([^"]+)" (?:statement \d+|during \w+)$/.exec(innermost);
  return name?.[1];
}
