import {followed} from './follow.js';
import {subscribeUrl, templateFault} from './hub-address.js';
import {copyOf, LogView, note} from './log-view.js';
import {gapInWords, inWords} from './words.js';

const WORDS = {
  idle: 'idle', connecting: 'connecting', open: 'live', waiting: 'reconnecting', closed: 'refused',
  stopped: 'paused while out of sight',
};

/** One subscription to the hub, and what it received. */
export class PaneView {
  /** As of `follow`, and 'idle' before the first connection. */
  state = 'idle';
  #hub;
  #also;
  #onState;
  #takes;
  #source = null;
  #lastEventId = '';
  #away = false;
  #log;

  /**
   * @param {{hub: URL, title: string, selector: object, also?: object, onState: (opens: number) => void,
   *     takes?: (event: MessageEvent) => boolean}} how
   *     `also`: a second selector of this connection, whose events `takes` keeps from the pane by returning true
   */
  constructor({hub, title, selector, also = null, onState, takes = () => false}) {
    this.#hub = hub;
    this.#also = also;
    this.#onState = onState;
    this.#takes = takes;
    this.element = copyOf('hub-pane');
    this.element.querySelector('h3').textContent = title;
    this.element.querySelector('select').value = selector.kind;
    this.element.querySelector('input').value = selector.value;
    this.#log = new LogView(this.element.querySelector('.log'));
    this.element.querySelector('form').addEventListener('submit', event => {
      event.preventDefault();
      this.#begin('');
    });
    this.element.querySelector('.from-the-past').addEventListener('click', () => {
      this.#begin('urn:uuid:00000000-0000-4000-8000-000000000000');
    });
  }

  /** Connects; after a pause with the last event id, so that nothing is missed. */
  resume(firstCursor = '') {
    if (this.#source && this.state !== 'stopped') return;
    this.#away = this.#away || this.#lastEventId !== '';
    this.#open(this.#lastEventId || firstCursor);
  }

  pause() {
    this.#source?.stop();
  }

  #begin(cursor) {
    this.#source?.stop();
    this.#log.clear();
    this.#away = false;
    this.#lastEventId = '';
    this.#open(cursor);
  }

  #open(cursor) {
    const selector = {
      kind: this.element.querySelector('select').value,
      value: this.element.querySelector('input').value,
    };
    const fault = selector.kind === 'template' ? templateFault(selector.value) : null;
    this.element.querySelector('input').ariaInvalid = fault ? 'true' : null;
    if (fault) {
      this.#source = null;
      this.#log.clear();
      this.#log.add(note(`This is no URI template. ${fault}`, 'failed'));
      this.#show('closed');
      this.#onState(0);
      return;
    }
    const url = subscribeUrl(this.#hub, this.#also ? [selector, this.#also] : [selector], cursor);
    this.#source = followed('hub', url, {
      onState: (state, opens) => this.#become(state, opens, url),
      onEvent: event => this.#receive(event),
    });
  }

  #become(state, opens, url) {
    this.#show(state);
    if (state === 'waiting' && !this.#away) {
      this.#log.add(note('The connection was cut.', 'waiting'));
      this.#away = true;
    } else if (state === 'open' && this.#away) {
      this.#log.add(note('Back, with the last event id. What was published meanwhile follows.', 'open'));
      this.#away = false;
    } else if (state === 'closed') {
      this.#sayWhy(url);
    }
    this.#onState(opens);
  }

  #show(state) {
    this.state = state;
    this.element.dataset.state = state;
    this.element.querySelector('.state').textContent = WORDS[state];
  }

  #receive(event) {
    this.#lastEventId = event.lastEventId || this.#lastEventId;
    if (event.type === 'checkpoint' || this.#takes(event)) return;
    if (event.type === 'gap') {
      this.#log.add(note(gapInWords(event.data), 'failed'));
      return;
    }
    const row = copyOf('event-row');
    row.querySelector('.n').textContent = event.type === 'message' ? '' : event.type;
    row.querySelector('.data').textContent = event.data;
    row.querySelector('.time').textContent = new Date().toLocaleTimeString('en', {hour12: false});
    this.#log.add(row);
  }

  /** EventSource tells no status; asking once more with fetch does. */
  async #sayWhy(url) {
    let why = inWords(0);
    try {
      const response = await fetch(url, {cache: 'no-store'});
      why = response.ok ? 'The hub ended the connection.' : inWords(response.status, await response.text());
      if (response.ok) await response.body?.cancel();
    } catch {
      // not reachable: said already
    }
    this.#log.add(note(why, 'failed'));
  }
}
