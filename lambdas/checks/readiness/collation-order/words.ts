/** Strings that servers sort differently: case, accents, punctuation, digits, letters with a position of their own in some language. */

/** `1-1` and `11` changed places with glibc 2.28 (https://wiki.postgresql.org/wiki/Locale_data_changes). */
const ASCII = [
  ...['', ' ', '-', '_', '.', ',', "'", '"', '(', '#', '$', '@', '~', '/', '\\', '{'],
  ...['0', '1', '2', '9', '09', '10', '1-1', '11', '11-', '1 1', '1.1', 'a1', 'a2', 'a10', 'A1'],
  ...['a', 'A', 'b', 'B', 'z', 'Z', 'aa', 'aA', 'Aa', 'AA', 'ab', 'aB', 'Ab', 'AB', 'ad', 'ae', 'af', 'zz', 'Zz'],
  ...['a b', 'a-b', 'a_b', 'a.b', "a'b", 'abc', 'ab c', 'co-op', 'coop', 'co op', 'COOP', 'CO-OP', '$a', '"a"', '_a', 'a_', 'a_c', 'aXb'],
  ...[
    'resume',
    'Resume',
    'ss',
    'st',
    'I',
    'i',
    'J',
    'j',
    'h',
    'o',
    'oe',
    'n',
    'nz',
    'ch',
    'cz',
    'd',
    'll',
    'lz',
    'm',
    'th',
    'tz',
    'u',
    'v',
    'w',
  ],
];

const BEYOND_ASCII = [
  ...[
    'résumé',
    'Résumé',
    'resumé',
    'é',
    'e\u0301',
    'e',
    'f',
    'x\u0300',
    'ß',
    'ẞ',
    'ı',
    'İ',
    'ä',
    'Ä',
    'å',
    'ö',
    'ø',
    'œ',
    'ñ',
    'č',
    'ð',
    'þ',
    'ü',
    'ÿ',
  ],
  ...['ﬁ', 'fi', 'ａ', '①', '½', 'Ⅳ', '€', '–', '“a”', 'a\u00a0b', 'a\u00adb', 'a\u200bb', '…'],
  ...['а', 'Я', 'я', 'е', 'ё', 'ж', 'і', 'α', 'Ω', 'א', 'ب', 'あ', 'ア', 'か', 'が', '中', '漢', '字', '가', '😀', '👍', '👍🏽'],
];

/** The strings that a database of this encoding can hold for certain. */
export const awkwardWords = (encoding: string): readonly string[] => (encoding === 'UTF8' ? [...ASCII, ...BEYOND_ASCII] : ASCII);
