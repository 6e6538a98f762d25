import {follow, post} from '../client/millrace.js';

/**
 * Follows a stream with millrace.js and shows how: each request, answer and piece of bytes as it came is told to `listener`:
 *
 *   request({method, url, headers})  response({status, statusText, headers})  bytes(Uint8Array)  event({type, data, …})
 *   cut(message | null)              refused(status, body)
 */
export class Reader {
  #listener;
  #fetch;
  #stream = null;

  constructor(listener, {fetch = globalThis.fetch.bind(globalThis)} = {}) {
    this.#listener = listener;
    this.#fetch = fetch;
  }

  /** Reads to the end. Never throws. Resolves to 'ended', 'stopped' or 'refused'. */
  async read(url, {method = 'GET'} = {}) {
    const tell = event => this.#tell('event', event);
    const options = {fetch: (...of) => this.#spy(...of), onEvent: tell, onGap: tell};
    this.#stream = method === 'POST' ? post(url, undefined, options) : follow(url, options);
    const {state, status, body} = await this.#stream.done;
    if (state === 'refused') this.#tell('refused', status, body);
    return state === 'closed' ? 'stopped' : state === 'refused' ? state : 'ended';
  }

  /** Ends the connection and the reading; what has been told stays told. */
  stop() {
    this.#stream?.close();
  }

  async #spy(url, init) {
    const {method, headers} = init;
    this.#tell('request', {method, url: new URL(url), headers});
    const response = await this.#fetch(url, init).catch(failure => this.#failed(init, failure));
    this.#tell('response', response);
    if (response.status !== 200 || !response.body) return response;
    const body = response.body.getReader();
    return new Response(new ReadableStream({
      pull: async to => {
        const {done, value} = await body.read().catch(failure => this.#failed(init, failure));
        this.#tell(done ? 'cut' : 'bytes', done ? null : value);
        if (done) to.close();
        else to.enqueue(value);
      },
      cancel: why => body.cancel(why),
    }), {headers: response.headers});
  }

  #failed({signal}, failure) {
    if (!signal.aborted) this.#tell('cut', failure.message);
    throw failure;
  }

  #tell(what, ...of) {
    this.#listener[what]?.(...of);
  }
}
