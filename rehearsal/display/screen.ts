/** What the output can do: a terminal that is redrawn and coloured, or a pipe that gets plain lines. */
import { Chalk, type ChalkInstance } from 'chalk';
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

/** The output stream: `process.stdout`, or a stand-in. */
export interface Canvas {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Screen {
  /** Whether lines may be redrawn in place. */
  readonly isLive: boolean;
  /** Characters in a line; without end where it goes into a file or a pipe, whose reader wraps or searches as it likes. */
  columns(): number;
  readonly colour: ChalkInstance;
}

const FALLBACK_COLUMNS = 80;
/** Narrower than this, words would be cut in pieces. */
const FEWEST_COLUMNS = 30;
const SIXTEEN_COLOURS = 1;

/** @param environment of which NO_COLOR, FORCE_COLOR and TERM count, as https://no-color.org and https://force-color.org say */
export function screenOf(canvas: Canvas, environment: Readonly<Record<string, string | undefined>> = {}): Screen {
  const isLive = canvas.isTTY === true && environment.TERM !== 'dumb';
  const isForced = Boolean(environment.FORCE_COLOR) && environment.FORCE_COLOR !== '0';
  const isColoured = !environment.NO_COLOR && environment.FORCE_COLOR !== '0' && (isLive || isForced);
  return {
    isLive,
    columns: () => (canvas.isTTY === true ? Math.max(FEWEST_COLUMNS, canvas.columns ?? FALLBACK_COLUMNS) : Number.POSITIVE_INFINITY),
    colour: new Chalk({ level: isColoured ? SIXTEEN_COLOURS : 0 }),
  };
}

/** Control characters, and those that turn the direction of what follows: a name in a database may hold them, and a terminal would obey. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text on one line, with nothing that a terminal would obey. */
export const plainText = (text: string): string => text.replaceAll('\n', ' ').replace(OBEYED, '\ufffd');

/** As much of a line as fits, with an ellipsis where some is cut. It holds no colours yet. */
export function cutTo(columns: number, text: string): string {
  if (stringWidth(text) <= columns) return text;
  let [kept, width] = ['', 0];
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += stringWidth(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Lines that fit, the further ones below the beginning of the text, not of its label. */
export function hanging(columns: number, label: string, text: string): string {
  if (!Number.isFinite(columns)) return `${label}${text}`;
  const indent = stringWidth(label);
  const room = columns - indent;
  if (room < FEWEST_COLUMNS / 2) return `${label.trimEnd()}\n  ${wrapAnsi(text, columns - 2, { hard: true }).replaceAll('\n', '\n  ')}`;
  return `${label}${wrapAnsi(text, room, { hard: true }).replaceAll('\n', `\n${' '.repeat(indent)}`)}`;
}
