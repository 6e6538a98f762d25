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

/** The data of a `gap` event: history that could not be sent. */
export function gapInWords(data) {
  const gap = parse(data);
  const asked = gap?.asked ?? gap?.requested ?? gap?.last_event_id;
  const on = gap?.after ?? gap?.goes_on_after ?? gap?.next;
  let sentence = 'Some history is gone';
  if (asked) sentence += `: you asked to go on after ${asked}`;
  if (on) sentence += asked ? `, the server goes on after ${on}` : `: the server goes on after ${on}`;
  return sentence + '.';
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
