import {Answer} from './answer.js';
import {copyOf} from './log-view.js';
import {MarkdownView} from './markdown.js';
import {Rate} from './rate.js';

/** A question and its answer on the page. The answer comes from a run, or from what was kept of it. */
export class TurnView {
  answer = new Answer();
  rate = new Rate();
  /** What follows the answer's run; null before and after. */
  source = null;
  lastEventId = '';
  stoppedHere = false;
  #markdown;
  #reasoning;
  #outcome = null;
  #folded;
  #due = false;
  #reasonedFrom = null;

  /** @param {{unfolded?: boolean}} how `unfolded`: the reasoning stays open when the answer begins */
  constructor(turn, {unfolded = false} = {}) {
    this.turn = turn;
    this.#folded = unfolded;
    this.element = copyOf('turn');
    this.element.querySelector('.question').textContent = turn.question;
    this.#markdown = new MarkdownView(this.element.querySelector('.markdown'));
    this.#reasoning = new MarkdownView(this.element.querySelector('.reasoning .text'));
    if (!turn.run && turn.answer) this.#restore(turn.answer);
  }

  /** Shows the answer as it is now, with the next frame. */
  draw() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.drawNow();
    });
  }

  drawNow() {
    const scrolled = this.element.parentElement;
    const atEnd = scrolled && scrolled.scrollHeight - scrolled.scrollTop - scrolled.clientHeight < 40;
    const {reasoning, content, done, error} = this.answer;
    const details = this.element.querySelector('.reasoning');
    if (reasoning && details.hidden) {
      details.hidden = false;
      details.open = !content && !done;
      if (details.open) this.#reasonedFrom = performance.now();
    }
    if (content && this.#reasonedFrom !== null) {
      const seconds = (performance.now() - this.#reasonedFrom) / 1000;
      // less is no time of the model's: it was said before a reload, and comes all at once
      if (seconds > .3) details.querySelector('summary').textContent = `Reasoned for ${seconds.toFixed(1)} s`;
      this.#reasonedFrom = null;
    }
    if (content && !this.#folded) {
      // the reasoning folds once the answer begins; who unfolds it again is left alone
      details.open = false;
      this.#folded = true;
    }
    this.#reasoning.show(reasoning);
    this.#markdown.show(content);
    this.element.querySelector('.answer').dataset.state =
        error ? 'failed' : this.#outcome ? 'ended' : done ? 'done' : content ? 'answering' : reasoning ? 'reasoning' : 'waiting';
    const outcome = this.element.querySelector('.outcome');
    outcome.textContent = error ?? this.#outcome ?? '';
    outcome.hidden = outcome.textContent === '';
    if (atEnd) scrolled.scrollTop = scrolled.scrollHeight;
  }

  /** Says how an answer ended that has neither all its text nor an error. */
  end(outcome) {
    this.#outcome = outcome;
    this.drawNow();
  }

  fail(sentence) {
    this.answer.error = sentence;
    this.drawNow();
  }

  /** Empties the answer: its run is read from the beginning. */
  restart() {
    this.answer = new Answer();
    this.lastEventId = '';
    this.drawNow();
  }

  /** The run is gone: shows what was kept of the answer, and why there is no more. */
  lost(sentence) {
    if (!this.answer.content && this.turn.answer) this.#restore(this.turn.answer);
    this.fail(sentence);
  }

  /** What is kept of the answer when its run is over. */
  saved() {
    const {reasoning, content, error} = this.answer;
    return {reasoning, content, error, outcome: this.#outcome};
  }

  #restore({reasoning, content, error, outcome}) {
    Object.assign(this.answer, {reasoning: reasoning ?? '', content: content ?? '', error: error ?? null, done: true});
    this.#outcome = outcome ?? null;
    this.drawNow();
  }
}
