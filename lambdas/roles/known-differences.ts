/** What the record of a copy says could not follow, by the names of `words.ts`: a difference that it names is no news. Pure. */

/** A name in quotes is one piece, whatever stands in it; a refusal that concerned several objects names them one after the other. */
const PIECES = /"(?:[^"]|"")*"|, (?=(?:grants on|owner of) )|[\s\S]/g;

/** @param leftBehind such as `grants on table shop.a, grants on table shop.b (permission denied (42501))` */
export function knownDifferences(leftBehind: readonly string[]): (name: string) => boolean {
  const texts = leftBehind.flatMap((text) => {
    const pieces = [''];
    for (const [piece] of text.matchAll(PIECES)) {
      if (piece === ', ') pieces.push('');
      else pieces[pieces.length - 1] += piece;
    }
    return pieces;
  });
  const whole = new Set(texts);
  return (name) => whole.has(name) || texts.some((text) => text.startsWith(`${name} (`));
}
