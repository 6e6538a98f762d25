import {connections} from './connections.js';
import {Series} from './live-figures.js';

/** This server's figures: one stream for all who watch, open while somebody does. */
class FiguresFeed {
  series = new Series();
  /** The newest measurement as it came, or null. */
  newest = null;
  #watchers = new Set();
  #stream = null;

  /** @returns a function that ends the watching */
  watch(onChange, onState = () => {}) {
    const watcher = {onChange, onState};
    this.#watchers.add(watcher);
    if (!this.#stream) this.#open();
    else onState(this.#stream.state);
    if (this.newest) onChange();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size) return;
      this.#stream?.close();
      this.#stream = null;
    };
  }

  #open() {
    const stream = this.#stream = connections.follow('figures', new URL('demo/figures', document.baseURI), {
      onEvent: ({type, data}) => {
        const value = JSON.parse(data);
        if (type === 'kept') this.series.reset(value);
        // both clocks are of this machine: demo mode serves no other
        else this.series.add({...value, delivery: Math.max(0, Date.now() - value.at)});
        this.newest = type === 'kept' ? value.at(-1) : value;
        for (const watcher of this.#watchers) watcher.onChange();
      },
      onState: state => {
        if (stream === this.#stream) for (const watcher of this.#watchers) watcher.onState(state);
      },
    });
  }
}

export const figuresFeed = new FiguresFeed();
