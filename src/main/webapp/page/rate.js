/**
 * Tokens per second over the last seconds. What arrives at once after a (re)connection is a replay and not the model's
 * pace, so `replayed` forgets what came before it.
 */
export class Rate {
  #times = [];
  #window;

  constructor(windowMillis = 3000) {
    this.#window = windowMillis;
  }

  add(now) {
    this.#times.push(now);
    this.#forget(now);
  }

  replayed() {
    this.#times = [];
  }

  /** Null while there is too little to say. */
  perSecond(now) {
    this.#forget(now);
    if (this.#times.length < 3) return null;
    const span = now - this.#times[0];
    return span < 200 ? null : (this.#times.length - 1) * 1000 / span;
  }

  #forget(now) {
    while (this.#times.length && this.#times[0] < now - this.#window) this.#times.shift();
  }
}
