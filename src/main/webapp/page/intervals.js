/** The times between events, bounded: the newest `limit` of them, for a chart and for one line of figures. */
export class Intervals {
  /** Seconds since the first event. */
  at = [];
  /** Milliseconds since the event before; null for the first, which has none. */
  gaps = [];
  #first = null;
  #last = null;
  #limit;

  constructor(limit = 600) {
    this.#limit = limit;
  }

  /** Takes the arrival of an event at `now` (milliseconds, any origin); returns its gap or null. */
  add(now) {
    const gap = this.#last === null ? null : now - this.#last;
    this.#first ??= now;
    this.#last = now;
    this.at.push((now - this.#first) / 1000);
    this.gaps.push(gap);
    if (this.at.length > this.#limit) {
      this.at.shift();
      this.gaps.shift();
    }
    return gap;
  }

  /** Seconds since the first event, for something that is not an event; null before the first. */
  secondsAt(now) {
    return this.#first === null ? null : (now - this.#first) / 1000;
  }

  median() {
    const sorted = this.gaps.filter(gap => gap !== null).sort((a, b) => a - b);
    if (sorted.length === 0) return null;
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
