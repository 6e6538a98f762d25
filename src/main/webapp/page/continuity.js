/**
 * Counts what a reader of a run got against what it should have got: positions without a hole and without repetition,
 * over every cut and resume.
 */
export class Continuity {
  received = 0;
  missing = 0;
  repeated = 0;
  #next = null;

  /** Takes the position of the next event; returns 'next', 'hole' or 'repeated'. */
  take(position) {
    this.received++;
    if (this.#next !== null && position < this.#next) {
      this.repeated++;
      return 'repeated';
    }
    const hole = this.#next === null ? 0 : position - this.#next;
    this.missing += hole;
    this.#next = position + 1;
    return hole === 0 ? 'next' : 'hole';
  }
}
