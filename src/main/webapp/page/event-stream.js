/**
 * The bytes of a text/event-stream, in any slices, to events, by the algorithm of the HTML standard ("Server-sent
 * events", Interpreting an event stream). For streams that are read with fetch; EventSource brings its own parser.
 */
export class EventStreamParser {
  /** The id of the last block, also of one without data. What a client sends as Last-Event-ID. */
  lastEventId = '';
  /** The reconnection time the server asked for, in milliseconds, or null. */
  retry = null;

  #decoder = new TextDecoder();  // drops one byte order mark at the start, as the standard wants
  #line = '';
  #afterCarriageReturn = false;
  #data = '';
  #type = '';
  #id = '';

  /** Takes the next bytes and returns the events they completed: [{type, data, lastEventId}]. */
  feed(bytes) {
    const events = [];
    const text = this.#decoder.decode(bytes, {stream: true});
    let start = 0;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === 10 && this.#afterCarriageReturn && i === start) {
        start = i + 1;  // the second half of CRLF, perhaps of two slices
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
      if (this.#data !== '') {
        events.push({type: this.#type || 'message', data: this.#data.slice(0, -1), lastEventId: this.#id});
      }
      this.#data = '';
      this.#type = '';
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const rest = colon < 0 ? '' : line.slice(colon + 1);
    const value = rest.startsWith(' ') ? rest.slice(1) : rest;
    if (field === 'data') this.#data += value + '\n';
    else if (field === 'event') this.#type = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^[0-9]+$/.test(value)) this.retry = Number(value);
  }
}
