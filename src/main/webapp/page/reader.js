import {EventStreamParser} from './event-stream.js';

/**
 * Reads an event stream with fetch, byte for byte, and goes on after a cut as a browser does: with the last event id,
 * after the time the server asked for, at the address that Content-Location named. What it does is told to `listener`:
 *
 *   request({method, url, headers})  response({status, statusText, headers})  bytes(Uint8Array)  event({type, data, …})
 *   cut(message | null)              waiting(milliseconds)                     refused(status, body)
 */
export class Reader {
  #listener;
  #fetch;
  #wait;
  #abort = new AbortController();

  constructor(listener, {fetch = globalThis.fetch.bind(globalThis), wait = sleep} = {}) {
    this.#listener = listener;
    this.#fetch = fetch;
    this.#wait = wait;
  }

  /**
   * Reads to the end. Never throws.
   *
   * @returns {Promise<'ended' | 'stopped' | 'refused'>} 'ended': the server answered 204, or the stream ended and has no
   *     Content-Location where it could be resumed
   */
  async read(url, {method = 'GET', retry = 2000} = {}) {
    const {signal} = this.#abort;
    let next = {url: new URL(url, globalThis.location?.href ?? undefined), method};
    let lastEventId = '';
    let resumable = false;
    while (!signal.aborted) {
      const headers = lastEventId ? {'Last-Event-ID': lastEventId} : {};
      this.#tell('request', {method: next.method, url: next.url, headers});
      const parser = new EventStreamParser();
      let problem = null;
      try {
        const response = await this.#fetch(next.url, {method: next.method, headers, signal, cache: 'no-store'});
        this.#tell('response', response);
        if (response.status === 204) return 'ended';
        if (response.status !== 200) {
          this.#tell('refused', response.status, await response.text());
          return 'refused';
        }
        const run = response.headers.get('Content-Location');
        if (run) {
          next = {url: new URL(run, next.url), method: 'GET'};
          resumable = true;
        }
        const body = response.body.getReader();
        for (let piece; !(piece = await body.read()).done;) {
          this.#tell('bytes', piece.value);
          for (const event of parser.feed(piece.value)) this.#tell('event', event);
          lastEventId = parser.lastEventId || lastEventId;
          retry = parser.retry ?? retry;
        }
      } catch (failure) {
        if (signal.aborted) break;
        problem = String(failure.message ?? failure);
      }
      this.#tell('cut', problem);
      if (!resumable) return 'ended';
      this.#tell('waiting', retry);
      await this.#wait(retry, signal);
    }
    return 'stopped';
  }

  /** Ends the connection and the reading; what has been told stays told. */
  stop() {
    this.#abort.abort();
  }

  #tell(what, ...of) {
    this.#listener[what]?.(...of);
  }
}

function sleep(milliseconds, signal) {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    }, {once: true});
  });
}
