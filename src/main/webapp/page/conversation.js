/**
 * The conversation, kept in the browser's storage so that a reload and a second tab find it. The text of an answer in
 * progress is not kept here but by the server, in its run: who opens the page reads it from there.
 *
 * A turn: {id, question, run: {url, secret} | null, answer: {content, reasoning, error, outcome} | null}
 * `run` is what can still be followed; an answer beside it is what was there when a tab was closed.
 */
const KEY = 'millrace.chat';
const MOST_TURNS = 50;

export class Conversation {
  #storage;
  /** The turns, where the storage does not take them; null where it did. */
  #unsaved = null;

  /** @param {Storage | null} storage null where the browser has none for us */
  constructor(storage) {
    this.#storage = storage;
  }

  turns() {
    if (this.#unsaved) return this.#unsaved;
    try {
      const turns = JSON.parse(this.#storage.getItem(KEY) ?? '[]');
      return Array.isArray(turns) ? turns.filter(turn => typeof turn?.question === 'string') : [];
    } catch {
      return [];
    }
  }

  add(turn) {
    this.#save([...this.turns(), turn]);
  }

  /** Changes one turn, read afresh: another tab may have added others since. */
  change(id, changes) {
    this.#save(this.turns().map(turn => (turn.id === id ? {...turn, ...changes} : turn)));
  }

  clear() {
    this.#unsaved = null;
    this.#storage?.removeItem(KEY);
  }

  /** Whether a `storage` event is about us. */
  isChangedBy(event) {
    return event.key === KEY || event.key === null;
  }

  /** The messages to send: finished turns in turn, then the new question. */
  messages(question) {
    const messages = [];
    for (const {question: asked, answer} of this.turns()) {
      if (!answer?.content) continue;
      messages.push({role: 'user', content: asked}, {role: 'assistant', content: answer.content});
    }
    messages.push({role: 'user', content: question});
    return messages;
  }

  #save(turns) {
    const kept = turns.slice(-MOST_TURNS);
    try {
      this.#storage.setItem(KEY, JSON.stringify(kept));
      this.#unsaved = null;
    } catch {
      this.#unsaved = kept; // full or forbidden: the page works on, without surviving a reload
    }
  }
}
