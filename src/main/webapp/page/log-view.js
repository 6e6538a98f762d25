/** A list that shows the newest of what it was given, and stays at its end unless the reader scrolled away from it. */
export class LogView {
  #element;
  #most;

  constructor(element, most = 300) {
    this.#element = element;
    this.#most = most;
  }

  add(row) {
    const list = this.#element;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
    list.append(row);
    while (list.childElementCount > this.#most) list.firstElementChild.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
    return row;
  }

  clear() {
    this.#element.replaceChildren();
  }
}

/** A copy of the only element of a template. */
export function copyOf(templateId) {
  return document.getElementById(templateId).content.firstElementChild.cloneNode(true);
}

/** A row of words between events. */
export function note(text, state) {
  const row = copyOf('note-row');
  row.textContent = text;
  row.dataset.state = state;
  return row;
}
