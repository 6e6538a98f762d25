import DOMPurify from './lib/purify.es.js';
import {Marked} from './lib/marked.esm.js';

// HTML inside of Markdown is shown as the text it is
const marked = new Marked({gfm: true, renderer: {html: ({text}) => escaped(text)}});

/** What an answer may consist of. No image: it would fetch an address that the model chose. */
const ALLOWED = {
  ALLOWED_TAGS: [
    'a', 'b', 'blockquote', 'br', 'code', 'del', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'i', 'kbd', 'li', 'ol', 'p',
    'pre', 's', 'strong', 'sub', 'sup', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul',
  ],
  ALLOWED_ATTR: ['href', 'title', 'start', 'align'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#)/i,
  RETURN_DOM_FRAGMENT: true,
};

/**
 * Shows Markdown of a model in an element, again and again while it grows. Only the blocks that changed are replaced,
 * so that a long answer stays cheap and a selection in it stays selected.
 */
export class MarkdownView {
  #element;
  #blocks = [];

  constructor(element) {
    this.#element = element;
  }

  show(text) {
    const tokens = marked.lexer(text);
    const blocks = [];
    for (const token of tokens) if (token.type !== 'space' && token.type !== 'def') blocks.push(token);
    let same = 0;
    while (same < this.#blocks.length && same < blocks.length && this.#blocks[same].raw === blocks[same].raw) same++;
    for (const {node} of this.#blocks.splice(same)) node.remove();
    for (const token of blocks.slice(same)) {
      const node = document.createElement('div');
      node.append(safe(marked.parser(Object.assign([token], {links: tokens.links}))));
      this.#element.append(node);
      this.#blocks.push({raw: token.raw, node});
    }
  }
}

function safe(html) {
  const fragment = DOMPurify.sanitize(html, ALLOWED);
  for (const link of fragment.querySelectorAll('a[href]')) {
    if (link.getAttribute('href').startsWith('#')) continue; // of this page
    link.rel = 'noopener noreferrer nofollow';
    link.target = '_blank';
  }
  // a head without words is none, for who hears the table
  for (const head of fragment.querySelectorAll('th:empty')) head.replaceWith(document.createElement('td'));
  // wider than the page, now and then: who has no mouse scrolls it too
  for (const wide of fragment.querySelectorAll('pre')) wide.tabIndex = 0;
  return fragment;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
