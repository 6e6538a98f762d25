/** Answers that are no success, in one plain sentence for the person at the page. */

const BY_STATUS = new Map([
  [0, 'The server cannot be reached.'],
  [401, 'This needs a token or a login.'],
  [403, 'The server does not allow this.'],
  [404, 'There is nothing at this address (any more).'],
  [405, 'The server does not offer this here.'],
  [413, 'This is too large.'],
  [429, 'Too many requests; wait a little.'],
  [502, 'The model’s server failed.'],
  [503, 'The server cannot do this at the moment.'],
]);

/**
 * @param {number} status 0 when no answer came
 * @param {string} body as it came: problem+json (RFC 9457), an OpenAI error, or anything
 */
export function inWords(status, body = '') {
  const json = parse(body);
  if (typeof json?.error?.message === 'string') return json.error.message;
  if (typeof json?.error === 'string') return json.error;
  if (typeof json?.detail === 'string') return json.detail;
  if (typeof json?.title === 'string') return json.title;
  return BY_STATUS.get(status) ?? `The server answered with status ${status}.`;
}

/** The data of a `gap` event: history that cannot be sent any more. */
export function gapInWords(data) {
  const gap = parse(data);
  if (!gap?.requested) return 'Some history is gone.';
  const after = gap.continues_after;
  // an id that begins with # was made by the hub, and says nothing to a person
  const from = !after || after.startsWith('#') || after === 'earliest' ? 'with what it has' : `after ${after}`;
  return `Some history is gone: asked to go on after ${gap.requested}, the server goes on ${from}.`;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
