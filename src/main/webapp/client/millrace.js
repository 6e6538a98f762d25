/** Follows Server-Sent Events and loses none. What each part is for: millrace.d.ts; how it works: docs/client.md. */

const RETRY = 2000; // until the server has said how long to wait
const LONGEST_WAIT = 30_000;
const SILENCE = 60_000; // until heartbeats have shown how long silence may last
const PASSING = [408, 429, 500, 502, 503, 504];
const EARLIEST = 'earliest';
const SECRET = 'Millrace-Run-Secret';

/** The bytes of a text/event-stream, in any slices, to events: by the algorithm of the HTML standard. */
export class EventStreamParser {
  lastEventId; // also of a block without data
  retry = null;
  comments = 0;
  #decoder = new TextDecoder(); // drops one byte order mark, as the standard wants
  #line = '';
  #afterCarriageReturn = false;
  #data = '';
  #type = '';
  #id;

  constructor(lastEventId = '') {
    this.lastEventId = this.#id = lastEventId;
  }

  feed(bytes) {
    const events = [];
    const text = this.#decoder.decode(bytes, {stream: true});
    let start = 0;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === 10 && this.#afterCarriageReturn && i === start) {
        start = i + 1; // the second half of CRLF, perhaps of two slices
      } else if (c === 10 || c === 13) {
        this.#endOfLine(this.#line + text.slice(start, i), events);
        this.#line = '';
        start = i + 1;
      }
      this.#afterCarriageReturn = c === 13;
    }
    this.#line += text.slice(start);
    return events;
  }

  #endOfLine(line, events) {
    if (line === '') {
      this.lastEventId = this.#id;
      if (this.#data) {
        events.push({type: this.#type || 'message', data: this.#data.slice(0, -1), lastEventId: this.#id});
      }
      this.#data = this.#type = '';
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (!field) this.comments++;
    else if (field === 'data') this.#data += value + '\n';
    else if (field === 'event') this.#type = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^[0-9]+$/.test(value)) this.retry = Number(value);
  }
}

/** One connection at a time: asks, reads, waits, asks again. Knows nothing of tabs. */
class Line {
  #request;
  #lastEventId;
  #to;
  #retry = RETRY;
  #failures = 0;
  #silence;
  #beat = 0; // the time between two heartbeats
  #lastBeat = 0;
  #heard;
  #cut;
  #wake = null; // ends the wait
  #deadline;
  #span;
  #timer;
  #over = false;

  constructor(request, lastEventId, to) {
    this.#request = request;
    this.#lastEventId = lastEventId;
    this.#to = to;
    this.#silence = request.silence ?? SILENCE;
  }

  async run() {
    while (!this.#over) {
      const asked = await this.#connection();
      if (this.#over) return;
      this.#to.state('waiting');
      const backoff = Math.min(this.#retry * 2 ** Math.max(0, this.#failures - 1), Math.max(LONGEST_WAIT, this.#retry));
      await new Promise(resolve => {
        this.#wake = resolve;
        // never earlier than the server asked, and not all clients at once
        this.#due(Math.max(asked, backoff) * (1 + Math.random() / 2));
      });
      this.#wake = null;
    }
  }

  stop() {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#cut?.abort();
    this.#wake?.();
  }

  /** The page is seen again, or the network is back: waits no more, and does not trust a silent line. */
  hurry() {
    if (this.#wake) {
      this.#failures = 0;
      this.#wake();
    } else if (this.#request.method === 'GET' && Date.now() - this.#heard > 1.5 * (this.#beat || SILENCE / 4)) {
      this.#cut?.abort();
    }
  }

  /** Does what is due. Called by others too, since timers of hidden pages are late. */
  tick() {
    clearTimeout(this.#timer);
    const left = Math.min(this.#deadline - Date.now(), this.#span); // the clock may have been set back
    if (left > 0) {
      if (left < Infinity) this.#timer = setTimeout(() => this.tick(), Math.min(left, 2 ** 31 - 1));
      return;
    }
    this.#deadline = Infinity;
    if (this.#wake) return this.#wake();
    if (!this.#beat) this.#silence *= 2; // perhaps a server without heartbeats: trust it longer
    this.#cut?.abort();
  }

  #due(milliseconds) {
    this.#span = milliseconds;
    this.#deadline = Date.now() + milliseconds;
    this.tick();
  }

  #listened() {
    this.#heard = Date.now();
    // what cannot be asked for again is not given up for its silence
    this.#due(this.#request.method === 'POST' && this.#silence === SILENCE ? Infinity : this.#silence);
  }

  /** Resolves to how many milliseconds the server asks to stay away. */
  async #connection() {
    const {url, method, body, credentials, headers, fetch} = this.#request;
    const cut = this.#cut = new AbortController();
    let status = 0;
    let clean = false;
    this.#failures++;
    this.#to.state('connecting');
    this.#listened();
    try {
      const all = {Accept: 'text/event-stream', ...await headers()};
      const id = new TextEncoder().encode(this.#lastEventId ?? ''); // a header takes bytes
      if (id.length) all['Last-Event-ID'] = String.fromCharCode(...id);
      const response = await fetch(url, {method, body, credentials, headers: all, cache: 'no-store', signal: cut.signal});
      if (this.#over) return 0;
      status = response.status;
      const run = method === 'POST' && response.ok && response.headers.get('Content-Location');
      if (run) this.#moveTo(new URL(run, response.url || url), response.headers.get(SECRET));
      if (run && status === 202) return this.#connection();
      if (status === 204) return this.#end('ended');
      if (status !== 200 || !/^text\/event-stream *(;|$)/i.test(response.headers.get('Content-Type'))) {
        const retryAfter = milliseconds(response.headers.get('Retry-After'));
        if (method === 'GET' && PASSING.includes(status)) return retryAfter;
        return this.#end('refused', {status, retryAfter, body: await response.text()});
      }
      this.#listened();
      this.#to.state('open');
      const after = response.headers.get('Mercure-Last-Event-ID') ?? response.headers.get('Last-Event-ID');
      if (id.length && after === EARLIEST && this.#lastEventId !== EARLIEST) this.#to.lost(this.#lastEventId);
      await this.#read(response.body.getReader());
      clean = !this.#failures;
    } catch (failure) {
      if (!this.#over && failure?.name !== 'TypeError' && failure?.name !== 'AbortError') report(failure);
    }
    if (!this.#over && this.#request.method === 'POST') {
      this.#end(clean ? 'ended' : 'lost', {status, retryAfter: this.#retry});
    }
    return 0;
  }

  async #read(reader) {
    const parser = new EventStreamParser(this.#lastEventId);
    for (let piece; !this.#over && !(piece = await reader.read()).done;) {
      const {comments, lastEventId} = parser;
      const events = parser.feed(piece.value);
      const beat = parser.comments > comments;
      this.#retry = parser.retry ?? this.#retry;
      this.#listened();
      // a stream that ends after nothing but `retry:` is a refusal that passes
      if (events.length || beat || parser.lastEventId !== lastEventId) this.#failures = 0;
      for (const event of events) {
        if (this.#over) return;
        const {type, lastEventId: id} = event;
        this.#lastEventId = id;
        // a hub tells who asks like an EventSource its position in an event without content; a publisher's id has no '#'
        if (type === 'checkpoint' && id[0] === '#') this.#to.position(id);
        else this.#to.event(event);
      }
      if (parser.lastEventId !== (this.#lastEventId ?? '')) this.#to.position(this.#lastEventId = parser.lastEventId);
      if (events.length) this.#lastBeat = 0;
      else if (beat) this.#beatCame();
    }
  }

  #beatCame() {
    const beat = this.#lastBeat && this.#heard - this.#lastBeat; // with nothing between: how long silence may last
    this.#lastBeat = this.#heard;
    if (beat > 0 && this.#request.silence === undefined) this.#silence = Math.max(1000, 3 * (this.#beat = beat));
    this.#to.beat();
  }

  /** The answer to a POST is a run: from now on that is asked for, by GET. */
  #moveTo({href, origin}, secret) {
    if (origin !== new URL(this.#request.url).origin) return; // our headers are not for others
    this.#request = {...this.#request, url: href, method: 'GET', body: undefined};
    this.#to.moved(href, secret);
  }

  #end(state, more) {
    this.stop();
    this.#to.state(state, more);
    return 0;
  }
}

/** Of a Retry-After: seconds or a date. */
function milliseconds(value) {
  const after = /^\d+$/.test(value) ? value * 1000 : Date.parse(value) - Date.now();
  return after > 0 ? after : 0;
}

function report(failure) {
  if (globalThis.reportError) reportError(failure);
  else console.error(failure);
}

const LOOK = 2000; // how often a tab looks whether the leading one is there
const MISSES = 3; // and how often it may get no answer
const REMEMBERED = 2000;
const FINAL = ['ended', 'refused', 'lost', 'closed'];

export class StreamError extends Error {
  constructor(end) {
    super(end.status ? `${end.state} with status ${end.status}: ${end.body ?? ''}` : 'the stream was lost');
    Object.assign(this, end);
  }
}

/**
 * Shared, one tab leads: it holds a lock, has the connection, and tells each event together with the id of the event
 * before it. So each tab knows what it has already and what it lacks; that it fetches over a connection of its own, from
 * its own place on, until it meets the leader. Whoever takes the lead goes on from the place that it has itself.
 */
export class Stream {
  state = 'connecting';
  lastEventId;
  opens = 0;
  run;
  done;

  #options;
  #request;
  #secret;
  #sent = false;
  #finish;
  #line = null;
  #after; // the id of the last event; a position alone does not change it
  #seen = new Set();
  #toldGap = false;
  #held = null; // events that wait for `load`
  #opened = [];
  #queue = null; // for those who iterate

  #name; // of the lock and the channel; empty where nothing is shared
  #channel = null;
  #wish = null; // to lead
  #resign = null; // gives up the lead; null in a tab that does not lead
  #term = 0; // of the newest leader: an older one is not listened to
  #until; // where catching up ends
  #missed;
  #patience = MISSES;
  #looking;

  constructor(url, options = {}) {
    const {method = 'GET', body, headers, silence, share, lastEventId} = options;
    this.#options = options;
    this.#request = {
      url: new URL(url, globalThis.document?.baseURI).href, method, body, silence,
      credentials: options.withCredentials ? 'include' : 'same-origin',
      headers: typeof headers === 'function' ? headers : () => headers,
      fetch: options.fetch ?? ((...of) => fetch(...of)),
    };
    this.lastEventId = this.#after = lastEventId;
    this.done = new Promise(resolve => this.#finish = resolve);
    const mayShare = share && method === 'GET' && globalThis.navigator?.locks && globalThis.BroadcastChannel;
    this.#name = mayShare ? `millrace ${share === true ? this.url : share}` : '';
    this.#listen('addEventListener');
    this.#load();
    queueMicrotask(this.#arrive); // nothing is told before the caller has us
  }

  get url() {
    return this.#request.url;
  }

  get leads() {
    return !!this.#line && (!this.#name || !!this.#resign);
  }

  close() {
    this.#become('closed');
  }

  async stop() {
    const {run} = this;
    const {headers, credentials, fetch} = this.#request;
    this.close();
    if (!run) return null;
    const all = {...await headers(), ...this.#secret && {[SECRET]: this.#secret}};
    return fetch(run, {method: 'DELETE', credentials, headers: all, keepalive: true});
  }

  async* [Symbol.asyncIterator]() {
    const queue = this.#queue = [];
    try {
      while (true) {
        while (queue.length) yield queue.shift();
        if (FINAL.includes(this.state)) break;
        await new Promise(resolve => queue.wake = resolve);
      }
      const end = await this.done;
      if (end.state === 'refused' || end.state === 'lost') throw new StreamError(end);
    } finally {
      this.close();
    }
  }

  #take({id, type, data}) {
    this.lastEventId = id;
    if (!type) return; // a position alone
    this.#after = id;
    this.#seen.add(id);
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value);
    const event = {type, data, lastEventId: id};
    const toldGap = this.#toldGap;
    this.#toldGap = false;
    if (type !== 'gap') {
      if (this.#held) this.#held.push(event);
      else this.#give(event);
    } else if (!toldGap) {
      this.#call('onGap', event);
      this.#load();
    }
  }

  #give(event) {
    if (this.state === 'closed') return;
    this.#call('onEvent', event);
    this.#queue?.push(event);
    this.#queue?.wake?.();
    if (this.#call('until', event)) this.#become('ended');
  }

  /** Position first, then state: events wait until the state is loaded that they change. */
  async #load() {
    const {load} = this.#options;
    if (!load) return;
    const held = this.#held = []; // what waited before is in the state that is loaded now
    for (let wait = RETRY; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      if (this.state !== 'open') await new Promise(resolve => this.#opened.push(resolve));
      if (this.state === 'closed') return;
      try {
        await load(this);
        break;
      } catch (failure) {
        report(failure);
        await new Promise(resolve => setTimeout(resolve, wait));
      }
      if (this.#held !== held) return;
    }
    if (this.#held !== held) return; // a gap came meanwhile, and that loads again
    this.#held = null;
    for (const event of held) this.#give(event);
  }

  #become(state, more = {}) {
    if (FINAL.includes(this.state)) return;
    this.state = state;
    const isFinal = FINAL.includes(state);
    if (isFinal || state === 'open') for (const resolve of this.#opened.splice(0)) resolve();
    if (isFinal) {
      this.#listen('removeEventListener');
      this.#leave();
      this.#queue?.wake?.();
      this.#finish({state, ...more});
    }
    this.#call('onState', state, more);
  }

  #call(name, ...of) {
    try {
      return this.#options[name]?.(...of, this);
    } catch (failure) {
      report(failure); // what a page makes of an event is not the line's affair
    }
  }

  /** From our place on: for all tabs, or to catch up for this one. */
  #connect(leading) {
    this.#line?.stop();
    if (this.#request.method === 'POST' && this.#sent) return this.#become('lost'); // it may have been answered
    this.#sent = true;
    const pass = message => {
      if (this.#resign) this.#tell(message);
      this.#take(message);
      if (!leading && message.type && message.id === this.#until) this.#settle();
    };
    this.#line = new Line(this.#request, this.lastEventId, {
      event: ({type, data, lastEventId: id}) => pass({after: this.#after, id, type, data}),
      position: id => pass({after: this.#after, id}),
      lost: requested => {
        pass({after: this.#after, id: this.lastEventId, type: 'gap', data: JSON.stringify({requested})});
        this.#toldGap = true; // Millrace tells it a second time, as an event
      },
      beat: () => {
        if (this.#resign) this.#tell({beat: true});
        this.#call('onHeartbeat');
      },
      moved: (url, secret) => {
        this.run = url;
        this.#secret = secret;
        this.#request = {...this.#request, url, method: 'GET', body: undefined};
      },
      state: (state, more) => {
        if (leading && state === 'open') this.opens++;
        if (this.#resign) this.#tell(this.#standing(state, more));
        if (leading || FINAL.includes(state)) this.#become(state, more);
      },
    });
    this.#line.run();
  }

  #arrive = () => {
    if (FINAL.includes(this.state) || this.#line || this.#channel) return;
    if (!this.#name) return this.#connect(true);
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({data}) => this.#hear(data);
    this.#missed = 0;
    this.#looking = setInterval(() => this.#look(), this.#options.look ?? LOOK);
    this.#ask();
    this.#compete();
  };

  /** For a while (frozen, in the back/forward cache) or for good: keeps nobody from leading. */
  #leave() {
    clearInterval(this.#looking);
    this.#wish?.abort();
    this.#wish = null;
    this.#yield();
    this.#channel?.close();
    this.#channel = null;
  }

  #pause = () => {
    if (this.#request.method === 'GET') this.#leave();
  };

  #wake = () => {
    if (globalThis.document?.visibilityState === 'hidden') return;
    this.#arrive();
    this.#line?.hurry();
    this.#ask(true); // the tab that leads may be hidden, and its timers late
  };

  #listen(how) {
    for (const type of ['online', 'pageshow']) globalThis[how]?.(type, this.#wake);
    for (const type of ['visibilitychange', 'resume']) globalThis.document?.[how](type, this.#wake);
    globalThis[how]?.('pagehide', this.#pause);
    globalThis.document?.[how]('freeze', this.#pause);
  }

  /** Waits for the lead, or takes it from a tab that does not answer. */
  #compete(steal) {
    this.#wish?.abort();
    const wish = this.#wish = new AbortController();
    const lead = () => wish === this.#wish && new Promise(resign => {
      this.#resign = resign;
      this.#term = Math.max(this.#term + 1, (Date.now() + Math.random()) * 1000);
      this.#connect(true);
    });
    navigator.locks.request(this.#name, steal ? {steal} : {signal: wish.signal}, lead).catch(() => {}).then(() => {
      if (wish !== this.#wish) return;
      this.#yield(); // another tab has taken the lead
      this.#compete();
    });
  }

  #yield() {
    this.#resign?.();
    this.#resign = null;
    this.#settle();
  }

  /** Has no connection any more: what comes, the leader tells. */
  #settle() {
    this.#line?.stop();
    this.#line = null;
  }

  #look() {
    if (this.#resign) return;
    if (!this.#missed) this.#patience = Math.max(MISSES, this.#patience - 1);
    if (this.#missed++ < this.#patience) return this.#ask();
    this.#missed = 0;
    this.#patience *= 2; // where the machine is slow, tabs must not take the lead from each other again and again
    this.#compete(true);
  }

  #ask(hurry) {
    if (!this.#resign) this.#channel?.postMessage({ask: true, hurry});
  }

  #tell(message) {
    this.#channel?.postMessage({...message, term: this.#term});
  }

  #standing(state, more) {
    return {state, more, opens: this.opens, after: this.#after, id: this.lastEventId};
  }

  #hear(message) {
    const {ask, hurry, term, beat, state, more, opens, after, id, type} = message;
    if (ask) {
      if (!this.#resign) return;
      this.#line[hurry ? 'hurry' : 'tick']();
      return this.#tell(this.#standing(this.state));
    }
    if (term < this.#term) return; // of a tab that was frozen, and does not know yet that another leads
    if (this.#resign) this.#yield();
    this.#term = term;
    this.#missed = 0;
    if (beat) return this.#call('onHeartbeat');
    this.#after ??= after;
    if (after === this.#after) {
      this.#settle();
      if (!state) return this.#take(message);
      this.lastEventId = id;
    } else if (this.#seen.has(type ? id : after)) {
      this.#settle(); // it is behind us, and catches up by itself
    } else {
      this.#until = type ? id : after;
      if (!this.#line) this.#connect(false);
      if (FINAL.includes(state)) {
        this.#until = undefined; // we come to the end by ourselves
        return;
      }
    }
    if (state) {
      this.opens = opens;
      this.#become(state, more);
    }
  }
}

export function follow(url, options) {
  return new Stream(url, options);
}

export function topic(hub, topics, options) {
  const url = new URL(hub, globalThis.document?.baseURI);
  for (const topic of [topics].flat()) url.searchParams.append('topic', topic);
  return new Stream(url, {share: !options?.headers, ...options});
}

export function post(url, body, options) {
  const isPlain = body === undefined || typeof body === 'string' || body?.constructor !== Object && !Array.isArray(body);
  const {headers} = options ?? {};
  return new Stream(url, {
    ...options, method: 'POST', body: isPlain ? body : JSON.stringify(body),
    headers: async () => ({
      ...!isPlain && {'Content-Type': 'application/json'}, ...await (typeof headers === 'function' ? headers() : headers),
    }),
  });
}

/** In place of the browser's: the same, and it does not give up. */
export class EventSource extends EventTarget {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSED = 2;
  CONNECTING = 0;
  OPEN = 1;
  CLOSED = 2;
  onopen = null;
  onmessage = null;
  onerror = null;
  #stream;

  constructor(url, options = {}) {
    super();
    this.withCredentials = !!options.withCredentials;
    const message = ({type, data, lastEventId}) =>
      this.#dispatch(new MessageEvent(type, {data, lastEventId, origin: new URL(this.url).origin}));
    this.#stream = new Stream(url, {
      ...options, onEvent: message, onGap: message,
      onState: state => {
        if (state === 'open') this.#dispatch(new Event('open'));
        else if (state !== 'connecting' && state !== 'closed') this.#dispatch(new Event('error'));
      },
    });
  }

  get url() {
    return this.#stream.url;
  }

  get readyState() {
    const {state} = this.#stream;
    return state === 'open' ? 1 : FINAL.includes(state) ? 2 : 0;
  }

  close() {
    this.#stream.close();
  }

  #dispatch(event) {
    if (['open', 'message', 'error'].includes(event.type)) this['on' + event.type]?.(event);
    this.dispatchEvent(event);
  }
}

/** For `useChat` of the AI SDK, with any server of OpenAI's chat completions: the answer outlives a reload, and stop stops. */
export class ChatTransport {
  #options;

  constructor(options) {
    this.#options = {api: 'v1/chat/completions', storage: sessionStorageIfAllowed(), prepare: toCompletion, ...options};
  }

  async sendMessages({chatId, messages, abortSignal, headers, body}) {
    const {api, model, headers: own, fetch, prepare} = this.#options;
    const stream = post(api, {...prepare(messages), ...model && {model}, stream: true, ...body}, {
      fetch, headers: async () => ({...await (typeof own === 'function' ? own() : own), ...headers}),
    });
    abortSignal?.addEventListener('abort', () => {
      this.#forget(chatId);
      stream.stop().catch(report);
    });
    return this.#chunks(stream, chatId);
  }

  async reconnectToStream({chatId}) {
    const {storage, headers, fetch} = this.#options;
    const run = storage?.getItem(KEY + chatId);
    return run ? this.#chunks(follow(run, {headers, fetch, lastEventId: ''}), chatId).catch(() => null) : null;
  }

  /** Resolves when the answer has begun; rejects where it is refused. */
  async #chunks(stream, chatId) {
    const parts = new Parts();
    const events = stream[Symbol.asyncIterator]();
    let next;
    try {
      next = await events.next();
    } catch (refused) {
      this.#forget(chatId);
      throw refused;
    }
    if (stream.run && !next.done) this.#options.storage?.setItem(KEY + chatId, stream.run);
    return new ReadableStream({
      pull: async controller => {
        let chunks = [];
        try {
          for (; !next.done && !chunks.length && !parts.done; next = await events.next()) {
            chunks = parts.take(next.value);
            if (parts.done) break;
          }
          if (next.done || parts.done) chunks.push(...parts.end(next.done && stream.state === 'closed'));
        } catch (failure) {
          chunks.push({type: 'error', errorText: failure.message});
          parts.done = true;
        }
        for (const chunk of chunks) controller.enqueue(chunk);
        if (!next.done && !parts.done) return;
        this.#forget(chatId);
        stream.close();
        controller.close();
      },
      cancel: () => stream.close(),
    });
  }

  #forget(chatId) {
    this.#options.storage?.removeItem(KEY + chatId);
  }
}

const KEY = 'millrace.run.';

function sessionStorageIfAllowed() {
  try {
    return globalThis.sessionStorage;
  } catch {
    return null;
  }
}

function toCompletion(messages) {
  return {
    messages: messages.map(({role, parts}) => {
      const content = parts.flatMap(({type, text, mediaType, url}) =>
        type === 'text' ? {type, text}
        : type === 'file' && /^image\//.test(mediaType) ? {type: 'image_url', image_url: {url}}
        : []);
      return {role, content: content.every(part => part.text !== undefined) ? content.map(part => part.text).join('') : content};
    }),
  };
}

/** The chunks of a chat completion, as those of a UI message. What is one already passes. */
class Parts {
  done = false;
  #part = null;
  #count = 0;
  #tools = [];
  #reason;
  #begun = false;

  take({type, data}) {
    if (data === '[DONE]') {
      this.done = true;
      return [];
    }
    const chunk = JSON.parse(data);
    if (type === 'problem' || chunk.error) {
      this.done = true;
      return [{type: 'error', errorText: chunk.error?.message ?? chunk.detail ?? chunk.title ?? data}];
    }
    if (chunk.type) return [chunk];
    const out = this.#begun ? [] : [{type: 'start'}, {type: 'start-step'}];
    this.#begun = true;
    const {delta = {}, finish_reason: reason} = chunk.choices?.[0] ?? {};
    this.#reason = reason ?? this.#reason;
    this.#text('reasoning', delta.reasoning_content ?? delta.reasoning, out);
    this.#text('text', delta.content, out);
    for (const {index = 0, id, function: {name, arguments: input = ''} = {}} of delta.tool_calls ?? []) {
      this.#close(out);
      let tool = this.#tools[index];
      if (!tool) {
        tool = this.#tools[index] = {toolCallId: id, toolName: name, input: ''};
        out.push({type: 'tool-input-start', toolCallId: id, toolName: name});
      }
      tool.input += input;
      if (input) out.push({type: 'tool-input-delta', toolCallId: tool.toolCallId, inputTextDelta: input});
    }
    return out;
  }

  end(aborted) {
    if (aborted) return [{type: 'abort'}];
    const out = [];
    if (!this.#begun) return out;
    this.#close(out);
    for (const {input, ...tool} of this.#tools.flat()) {
      out.push({type: 'tool-input-available', ...tool, input: JSON.parse(input || '{}')});
    }
    const finishReason = {tool_calls: 'tool-calls', content_filter: 'content-filter'}[this.#reason] ?? this.#reason;
    return [...out, {type: 'finish-step'}, {type: 'finish', ...finishReason && {finishReason}}];
  }

  #text(kind, delta, out) {
    if (!delta) return;
    if (this.#part?.kind !== kind) {
      this.#close(out);
      this.#part = {kind, id: `${kind}-${++this.#count}`};
      out.push({type: `${kind}-start`, id: this.#part.id});
    }
    out.push({type: `${kind}-delta`, id: this.#part.id, delta});
  }

  #close(out) {
    if (this.#part) out.push({type: `${this.#part.kind}-end`, id: this.#part.id});
    this.#part = null;
  }
}
