import {search, sectionsOf, slug} from './docs-search.js';
import {whileSeen} from './seen.js';
import {inWords} from './words.js';

/** The panel "Docs": the pages of `docs/` and the README, readable and searched here. Addresses: #docs/PAGE/ANCHOR. */
export function docsPanel() {
  const el = name => document.getElementById(`docs-${name}`);
  const list = el('pages');
  const names = list.dataset.names.split(' ');
  list.append(...names.map(name => {
    const item = document.createElement('li');
    const link = document.createElement('a');
    link.href = `#docs/${name}`;
    link.dataset.page = name;
    link.textContent = titleOf(name);
    item.append(link);
    return item;
  }));
  /** page → Promise of its text */
  const texts = new Map();
  let sections = null;
  let shown = '';

  whileSeen(el('text'), () => shown || location.hash.startsWith('#docs/') || show(names[0], '', false), () => {});
  window.addEventListener('hashchange', goTo);
  el('search').addEventListener('input', find);
  el('search').addEventListener('keydown', event => {
    if (event.key === 'Escape') {
      el('search').value = '';
      find();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      el('found').querySelector('a')?.click();
    }
  });
  goTo();

  function goTo() {
    const [, page, anchor = ''] = /^#docs\/([^/]+)(?:\/(.*))?$/.exec(decodeURIComponent(location.hash)) ?? [];
    if (names.includes(page)) show(page, anchor, true);
  }

  async function show(page, anchor, scroll) {
    try {
      const [text, {MarkdownView}] = await Promise.all([load(page), import('./markdown.js')]);
      if (shown !== page) {
        shown = page;
        el('text').replaceChildren();
        new MarkdownView(el('text')).show(linked(text, page));
        for (const heading of el('text').querySelectorAll('h1, h2, h3, h4')) {
          heading.id = `docs-at-${slug(heading.textContent)}`;
        }
        for (const link of list.querySelectorAll('a')) {
          if (link.dataset.page === page) link.setAttribute('aria-current', 'page');
          else link.removeAttribute('aria-current');
        }
      }
      if (!scroll) return;
      const target = anchor ? document.getElementById(`docs-at-${anchor}`) : document.getElementById('docs');
      target?.scrollIntoView();
    } catch (failure) {
      el('text').textContent = failure.message;
    }
  }

  function load(page) {
    if (!texts.has(page)) {
      texts.set(page, fetch(new URL(`docs/${page}.md`, document.baseURI)).then(async answer => {
        const text = await answer.text();
        if (!answer.ok) throw new Error(inWords(answer.status, text));
        return text.replace(/^!\[.*$\n*/gm, ''); // the pictures are of this page
      }).catch(failure => {
        texts.delete(page);
        throw failure instanceof TypeError ? new Error(inWords(0)) : failure;
      }));
    }
    return texts.get(page);
  }

  async function find() {
    const question = el('search').value;
    try {
      sections ??= (await Promise.all(names.map(async page => sectionsOf(page, await load(page))))).flat();
    } catch (failure) {
      el('count').textContent = failure.message;
      return;
    }
    if (question !== el('search').value) return; // there is a newer one
    const found = search(sections, question);
    el('count').textContent = !question.trim() ? '' : found.length === 0 ? 'Nothing has all of these words.'
        : found.length === 1 ? '1 section' : `${found.length} sections`;
    el('found').replaceChildren(...found.map(({section, excerpt}) => {
      const item = document.createElement('li');
      const link = document.createElement('a');
      link.href = `#docs/${section.page}${section.anchor ? '/' + section.anchor : ''}`;
      link.textContent = section.anchor ? `${titleOf(section.page)} › ${section.heading}` : section.heading;
      const text = document.createElement('p');
      text.textContent = excerpt;
      item.append(link, text);
      return item;
    }));
  }

  /** Links between pages stay on this one; links to what is not served here become their text. */
  function linked(text, page) {
    return text.replace(/\[([^\]]+)\]\((?!https?:)([^)#]*)(#[^)]*)?\)/g, (_, words, path, anchor = '') => {
      const to = path === '' ? page : path.split('/').at(-1).replace(/\.md$/, '');
      return names.includes(to) ? `[${words}](#docs/${to}${anchor.replace('#', '/')})` : words;
    });
  }
}

function titleOf(page) {
  return page === 'README' ? 'Overview' : page[0].toUpperCase() + page.slice(1).replaceAll('-', ' ');
}
