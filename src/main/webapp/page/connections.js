import {follow} from '../client/millrace.js';

const MOST = 12;

/** The streams that this page follows or has followed, newest first, for the panel that shows them. */
export class Connections {
  all = [];
  #id = 0;

  /**
   * Follows a stream and keeps its account: {id, name, url, state, opens, events, gaps, heartbeats, bytes, lastEventId, heard}.
   *
   * @param {string} name what the stream is for, in a word or two
   */
  follow(name, url, options = {}) {
    const entry = this.note(name, url);
    const count = (what, by = 1) => {
      entry[what] += by;
      entry.heard = Date.now();
    };
    const stream = follow(url, {
      ...options,
      fetch: counting(options.fetch ?? ((...of) => fetch(...of)), bytes => count('bytes', bytes)),
      onEvent: event => {
        count('events');
        entry.lastEventId = event.lastEventId;
        options.onEvent?.(event, stream);
      },
      onGap: event => {
        count('gaps');
        options.onGap?.(event, stream);
      },
      onHeartbeat: () => {
        count('heartbeats');
        options.onHeartbeat?.(stream);
      },
      onState: (state, more) => {
        entry.state = state;
        entry.opens = stream.opens;
        entry.lastEventId = stream.lastEventId ?? entry.lastEventId;
        options.onState?.(state, more, stream);
      },
    });
    return stream;
  }

  /** An account that somebody else keeps: of a stream that is the browser's own affair. */
  note(name, url) {
    const entry = {
      id: ++this.#id, name, url: String(url), state: 'connecting', opens: 0, events: 0, gaps: 0, heartbeats: 0, bytes: 0,
      lastEventId: '', heard: null,
    };
    this.all.unshift(entry);
    // what is over makes room first
    while (this.all.length > MOST) {
      const over = this.all.findLastIndex(({state}) => !['connecting', 'open', 'waiting'].includes(state));
      this.all.splice(over < 0 ? this.all.length - 1 : over, 1);
    }
    return entry;
  }
}

/** A fetch that tells how many bytes of a body came. */
function counting(fetch, tell) {
  return async (...of) => {
    const response = await fetch(...of);
    if (!response.body || response.status !== 200) return response;
    const counted = response.body.pipeThrough(new TransformStream({
      transform(bytes, to) {
        tell(bytes.length);
        to.enqueue(bytes);
      },
    }));
    return new Response(counted, {headers: response.headers});
  };
}

export const connections = new Connections();
