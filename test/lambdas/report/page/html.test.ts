import { describe, expect, it } from 'vitest';
import { clipped, Html, html, secureAddress } from '../../../../lambdas/report/page/html.ts';

describe('a template of HTML', () => {
  it('escapes what is put into it, and what is put into a list in it', () => {
    expect(html`<p title="${'"'}">${'<b>'} ${['&', "'", ['`']]}</p>`.text).toBe('<p title="&quot;">&lt;b&gt; &amp;&#39;&#96;</p>');
  });

  it('takes over what was made by one, once', () => {
    expect(html`<ul>${['a<', 'b'].map((one) => html`<li>${one}</li>`)}</ul>`.text).toBe('<ul><li>a&lt;</li><li>b</li></ul>');
    expect(html`${new Html('<i>')}`.text).toBe('<i>');
  });

  it('writes nothing for nothing, and 0 for 0', () => {
    expect(html`[${null}${undefined}${false}${''}${0}]`.text).toBe('[0]');
  });
});

describe('an address', () => {
  it.each(['https://example.com/', 'HTTPS://example.com/'])('%s may be linked to', (address) => {
    expect(secureAddress(address)).toBe('https://example.com/');
  });

  it.each(['http://example.com/', 'javascript:alert(1)', ' javascript:alert(1)', 'data:text/html,x', '//example.com', '/path', ''])(
    '%j may not',
    (address) => {
      expect(secureAddress(address)).toBeUndefined();
    },
  );
});

describe('a text that is too long', () => {
  it('is cut, with the number of what is not shown', () => {
    expect(clipped('abcdef', 4)).toBe('abcd… (2 characters more in the JSON)');
    expect(clipped('abcd', 4)).toBe('abcd');
  });
});
