/** Addresses and bodies of the Mercure protocol, and who is there. */

/** How a selector is written in a query. Templates are of protocol 0.x, the other two of 1.0; a hub may take all. */
const PARAMETER = {exact: 'match', template: 'topic', pattern: 'match_urlpattern'};

/** Selects the presence updates: /.well-known/mercure/subscriptions/{topic}/{subscriber}. */
export const EVERYBODY = {kind: 'template', value: '/.well-known/mercure/subscriptions{/topic}{/subscriber}'};

/**
 * @param {string | URL} hub
 * @param {{kind: 'exact' | 'template' | 'pattern', value: string}[]} selectors what matches one of them is received
 * @param {string} [cursor] go on after this id
 */
export function subscribeUrl(hub, selectors, cursor) {
  const url = new URL(hub);
  for (const {kind, value} of selectors) url.searchParams.append(PARAMETER[kind], value);
  if (cursor) url.searchParams.append('last_event_id', cursor);
  return url;
}

const VARIABLE = '(?:\\w|%[0-9A-Fa-f]{2})(?:\\.?(?:\\w|%[0-9A-Fa-f]{2}))*(?:\\*|:[1-9]\\d{0,3})?';
const EXPRESSION = new RegExp(`^[+#./;?&]?${VARIABLE}(?:,${VARIABLE})*$`);
const NO_LITERAL = /[\0- "<>\\^`|\x7f]|%(?![0-9A-Fa-f]{2})/;

/**
 * What is wrong with a URI template (RFC 6570), in one sentence, or null. To the hub a malformed one is a text that selects
 * itself, so nobody but us would say so.
 *
 * @param {string} text
 */
export function templateFault(text) {
  let at = 0;
  for (const piece of text.split(/(\{[^{}]*\})/)) {
    const place = `at character ${at + 1}`;
    if (piece.startsWith('{') && piece.endsWith('}')) {
      if (!EXPRESSION.test(piece.slice(1, -1))) return `${piece} ${place} is no expression like {id} or {/kind*}.`;
    } else {
      const brace = piece.search(/[{}]/);
      if (brace >= 0) {
        const [here, other] = piece[brace] === '{' ? ['{', 'closed'] : ['}', 'opened'];
        return `The ${here} at character ${at + brace + 1} is never ${other}.`;
      }
      const wrong = piece.search(NO_LITERAL);
      if (wrong >= 0) return `“${piece[wrong]}” at character ${at + wrong + 1} cannot stand in a template.`;
    }
    at += piece.length;
  }
  return null;
}

/** The form of a publish; fields that are empty are left out. */
export function publishBody({topics, data, type, isPrivate}) {
  const form = new URLSearchParams();
  for (const topic of topics) form.append('topic', topic);
  form.append('data', data);
  if (type) form.append('type', type);
  if (isPrivate) form.append('private', 'on');
  return form;
}

/** The subscription document that an event carries, or null when it is an ordinary update. */
export function subscriptionIn(event) {
  try {
    const document = JSON.parse(event.data);
    const isOne = /^subscription$/i.test(document?.type) && String(document.id).includes('/subscriptions/');
    return isOne ? document : null;
  } catch {
    return null;
  }
}

/** Who subscribes at the moment: from the collection, then from the presence updates. */
export class Presence {
  #byId = new Map();

  /** Takes the answer of the collection. */
  reset(collection) {
    this.#byId.clear();
    for (const subscription of collection?.subscriptions ?? []) this.take(subscription);
  }

  /** Takes one subscription document of either protocol version. */
  take(subscription) {
    if (subscription.active === false) this.#byId.delete(subscription.id);
    else this.#byId.set(subscription.id, subscription);
  }

  /** One entry per connection, in the order they came: [{subscriber, selectors: [text]}]. */
  subscribers() {
    const bySubscriber = new Map();
    for (const {subscriber, topic, match} of this.#byId.values()) {
      const entry = bySubscriber.get(subscriber) ?? {subscriber, selectors: []};
      entry.selectors.push(topic ?? match ?? '');
      bySubscriber.set(subscriber, entry);
    }
    return [...bySubscriber.values()];
  }
}
