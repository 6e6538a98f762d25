import {connections} from './connections.js';

const CLOSED = {ended: 'closed', refused: 'closed', lost: 'closed', closed: 'stopped'};

/**
 * One stream, and what a person should know about its connection.
 *
 * States: connecting → open → waiting (lost; asks again by itself) → open …
 *         → closed (the server said not to come back) → stopped (by us)
 *
 * @param {string} name for the list of connections
 * @param {{onState: (state: string, opens: number) => void, onEvent: (event: object) => void, lastEventId?: string}} how
 *        `gap` and other named events come to `onEvent` too
 */
export function followed(name, url, {onState, onEvent, lastEventId}) {
  let state = '';
  const become = (next, opens) => {
    const mine = CLOSED[next] ?? next;
    if (mine === state || mine === 'connecting' && state === 'waiting') return; // asking again is part of waiting
    state = mine;
    onState(state, opens);
  };
  const stream = connections.follow(name, url, {
    lastEventId, onEvent, onGap: onEvent, onState: next => become(next, stream.opens),
  });
  become('connecting', 0);
  return {url: String(url), state: () => state, opens: () => stream.opens, stop: () => stream.close()};
}

/**
 * The same with the browser's own EventSource, which reconnects by itself; nothing here ever opens a second one. It tells
 * neither statuses nor heartbeats nor bytes.
 *
 * @param {{types?: string[], onState: Function, onEvent: Function}} how `types`: named events beside `message`
 */
export function watched(name, url, {types = [], onState, onEvent}, Source = globalThis.EventSource) {
  const source = new Source(url);
  const entry = connections.note(name, url);
  let state = 'connecting';
  let opens = 0;
  const become = next => {
    entry.state = state = next;
    entry.opens = opens;
    onState(state, opens);
  };
  const take = event => {
    entry.events++;
    entry.heard = Date.now();
    entry.lastEventId = event.lastEventId;
    if (event.type === 'gap') entry.gaps++;
    onEvent(event);
  };
  source.addEventListener('open', () => {
    opens++;
    become('open');
  });
  source.addEventListener('error', event => {
    // an event of the stream that is itself called "error" comes here too, and says nothing of the connection
    if (event.data !== undefined) take(event);
    else become(source.readyState === 2 ? 'closed' : 'waiting');
  });
  for (const type of ['message', ...types]) source.addEventListener(type, take);
  onState(state, opens);
  return {
    url: String(url),
    state: () => state,
    opens: () => opens,
    stop() {
      if (state === 'closed' || state === 'stopped') return;
      source.close();
      become('stopped');
    },
  };
}
