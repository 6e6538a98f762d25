/** The last two minutes of a server's figures, as columns for charts. */
export class Series {
  /** Seconds, rising; empty before the first. */
  at = [];
  #columns = new Map();
  #most;

  constructor(most = 120) {
    this.#most = most;
  }

  /** Takes what was kept before we came, in place of all that is here. */
  reset(samples) {
    this.at = [];
    this.#columns.clear();
    for (const sample of samples) this.add(sample);
  }

  /** Takes one measurement: {at: milliseconds, name: number, …}. */
  add({at, ...figures}) {
    this.at.push(at / 1000);
    for (const [name, value] of Object.entries(figures)) {
      if (typeof value !== 'number') continue;
      if (!this.#columns.has(name)) this.#columns.set(name, Array(this.at.length - 1).fill(null));
      this.#columns.get(name).push(value);
    }
    for (const column of this.#columns.values()) if (column.length < this.at.length) column.push(null);
    if (this.at.length > this.#most) {
      this.at.shift();
      for (const column of this.#columns.values()) column.shift();
    }
  }

  column(name) {
    return this.#columns.get(name) ?? Array(this.at.length).fill(null);
  }

  /** The newest of a figure, or null. */
  last(name) {
    return this.column(name).at(-1) ?? null;
  }
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** "0 B", "940 B", "1.2 KB", "310 MB". */
export function bytes(n) {
  let unit = 0;
  for (; n >= 1000 && unit < UNITS.length - 1; n /= 1000) unit++;
  return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${UNITS[unit]}`;
}

/** "0", "3.5", "1,204". */
export function number(n) {
  return n >= 100 || Number.isInteger(n) ? Math.round(n).toLocaleString('en') : n.toFixed(1);
}
