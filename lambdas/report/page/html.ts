/** HTML as text. Whatever is put into a template is escaped, unless it is {@link Html} that was made the same way. */

/** Text that is HTML already. */
export class Html {
  readonly text: string;

  /** @param text trusted: constants, or what was escaped */
  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes. Nothing is written for null, undefined and false. */
export type Content = string | number | Html | null | undefined | false | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' };

/** Control characters, halves of characters, and marks that turn the direction of what follows: names may hold them to look like others. */
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029\ufeff]/gu;

/** The text with every character that cannot be seen written out, such as `\u{202e}`. */
export const visible = (text: string): string => text.replace(UNSEEN, (one) => `\\u{${one.codePointAt(0)?.toString(16) ?? ''}}`);

export const escaped = (text: string): string => visible(text).replace(/[&<>"'`]/g, (one) => ENTITIES[one] ?? '');

function textOf(content: Content): string {
  if (content instanceof Html) return content.text;
  if (typeof content === 'string') return escaped(content);
  if (typeof content === 'number') return String(content);
  return content ? content.map(textOf).join('') : '';
}

/** Template of HTML. Attributes have to stand in double quotes. */
export const html = (strings: TemplateStringsArray, ...contents: readonly Content[]): Html =>
  new Html(String.raw({ raw: strings }, ...contents.map(textOf)));

/** The text where it is an address of https, as it may stand in a link; undefined otherwise. */
export function secureAddress(text: string): string | undefined {
  const address = URL.canParse(text) ? new URL(text) : undefined;
  return address?.protocol === 'https:' ? address.href : undefined;
}

/** The text, cut with the number of what is not shown. @param most characters */
export const clipped = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} characters more in the JSON)`;
