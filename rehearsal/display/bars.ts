/** Bars and sparklines of block characters. */

const FULL = '█';
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const EMPTY = '░';

/** @param share from 0 to 1 @param width in characters */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * EIGHTHS.length);
  const drawn = FULL.repeat(Math.floor(eighths / EIGHTHS.length)) + EIGHTHS[eighths % EIGHTHS.length];
  return drawn + EMPTY.repeat(width - drawn.length);
}

const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** One character a value, the last `width` of them; the lowest level stands for nothing at all, so that a pause is seen. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const most = Math.max(...shown, 0);
  const level = (value: number): number => (value <= 0 || most <= 0 ? 0 : Math.max(1, Math.round((value / most) * (LEVELS.length - 1))));
  return shown.map((value) => LEVELS[level(value)]).join('');
}
