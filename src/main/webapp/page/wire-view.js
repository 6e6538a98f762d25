import {byteCount, hexDump, visible} from './bytes.js';
import {copyOf, LogView} from './log-view.js';

/** What a `Reader` did and read, as it came: requests, answers, and every piece of bytes. A listener for `Reader`. */
export class WireView {
  #log;
  #hex;
  #pieces = [];
  #decoder = new TextDecoder('utf-8', {ignoreBOM: true});

  /** @param {HTMLInputElement} hex whether bytes are shown as numbers */
  constructor(element, hex) {
    this.#log = new LogView(element, 400);
    this.#hex = hex;
    hex.addEventListener('change', () => {
      for (const {row, bytes, text} of this.#pieces) this.#fill(row, bytes, text);
    });
  }

  clear() {
    this.#pieces = [];
    this.#log.clear();
  }

  request({method, url, headers}) {
    this.#decoder = new TextDecoder('utf-8', {ignoreBOM: true});
    const lines = [`${method} ${url.pathname}${url.search}`, ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`)];
    this.#add('request', '→', lines.join('\n'));
  }

  response({status, statusText, headers}) {
    const lines = [`${status} ${statusText}`.trim(), ...[...headers].map(([name, value]) => `${name}: ${value}`)];
    this.#add('response', '←', lines.join('\n'));
  }

  bytes(bytes) {
    // a character cut in two by the network is shown with the piece that completes it; hex shows where it was cut
    const text = this.#decoder.decode(bytes, {stream: true});
    const row = this.#line('bytes', byteCount(bytes.length));
    this.#fill(row, bytes, text);
    this.#pieces.push({row, bytes, text});
    if (this.#pieces.length > 400) this.#pieces.shift();
    this.#log.add(row);
  }

  cut(message) {
    this.#add('end', '×', message ? `connection lost (${message})` : 'end of the response');
  }

  refused(status, body) {
    this.#add('end', '×', body || String(status));
  }

  #add(kind, what, text) {
    const row = this.#line(kind, what);
    row.querySelector('pre').textContent = text;
    this.#log.add(row);
  }

  #line(kind, what) {
    const row = copyOf('wire-line');
    row.dataset.kind = kind;
    row.querySelector('.what').textContent = what;
    return row;
  }

  #fill(row, bytes, text) {
    const pre = row.querySelector('pre');
    if (this.#hex.checked) {
      pre.textContent = hexDump(bytes);
      return;
    }
    pre.replaceChildren(...visible(text).map(piece => {
      if (!piece.mark) return piece.text;
      const mark = document.createElement('i');
      mark.textContent = piece.text;
      return mark;
    }));
  }
}
