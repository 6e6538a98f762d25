/**
 * One EventSource, and what a person should know about its connection. The browser reconnects by itself; nothing here
 * ever opens a second one.
 *
 * States: connecting → open → waiting (lost; the browser asks again by itself) → open …
 *         → closed (the server said not to come back: 204, or an error status, which a script cannot tell apart)
 *         → stopped (by us)
 *
 * @param {string | URL} url
 * @param {{types?: string[], onState: (state: string, opens: number) => void, onEvent: (event: MessageEvent) => void}} how
 *        `types`: named events to listen to beside `message`
 * @returns {{url: string, stop: () => void, state: () => string, opens: () => number}}
 */
export function follow(url, {types = [], onState, onEvent}, Source = globalThis.EventSource) {
  const source = new Source(url);
  let state = 'connecting';
  let opens = 0;
  const become = next => {
    state = next;
    onState(state, opens);
  };
  source.addEventListener('open', () => {
    opens++;
    become('open');
  });
  source.addEventListener('error', event => {
    // an event of the stream that is itself called "error" comes here too, and says nothing of the connection
    if (event.data !== undefined) onEvent(event);
    else become(source.readyState === 2 ? 'closed' : 'waiting');
  });
  for (const type of ['message', ...types]) source.addEventListener(type, onEvent);
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
