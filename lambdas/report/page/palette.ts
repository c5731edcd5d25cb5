/** Colours by what they mean. The charts name them as variables, so that light, dark and paper are a matter of the style alone. */

export const COLOURS = ['background', 'panel', 'text', 'muted', 'rule', 'blue', 'green', 'amber', 'red', 'violet'] as const;
export type Colour = (typeof COLOURS)[number];
export type Palette = Readonly<Record<Colour, string>>;

/** Everything but `rule` is written with, so it has a contrast of 4.5 at least with `background` and `panel`; WCAG 2.2, 1.4.3. */
export const LIGHT: Palette = {
  background: '#ffffff',
  panel: '#f4f6f8',
  text: '#1c2126',
  muted: '#545d68',
  rule: '#d3d9df',
  blue: '#0b5cad',
  green: '#17692f',
  amber: '#875100',
  red: '#ae2219',
  violet: '#7440b3',
};

export const DARK: Palette = {
  background: '#14171b',
  panel: '#1d2127',
  text: '#e6e9ec',
  muted: '#a3acb7',
  rule: '#3b424c',
  blue: '#78b4f4',
  green: '#62c980',
  amber: '#e2ab50',
  red: '#ff8f86',
  violet: '#c3a0f2',
};

/** As a chart names it. */
export const variable = (colour: Colour): string => `var(--${colour})`;

export const declarations = (palette: Palette): string => COLOURS.map((colour) => `--${colour}:${palette[colour]}`).join(';');
