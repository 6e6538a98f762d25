import {EVERYBODY, Presence, publishBody, subscriptionIn} from './hub-address.js';
import {PaneView} from './pane-view.js';
import {inWords} from './words.js';

/**
 * The panel "Hub": publishing, two panes with selectors of their own, and who is there.
 *
 * A browser keeps at most six connections to a server over HTTP/1.1, for all its tabs together. So the panes connect
 * only while they can be seen, and presence comes over the connection of the first pane.
 */
export function hubPanel({demo, tab}) {
  const el = name => document.getElementById(`hub-${name}`);
  const hub = new URL('.well-known/mercure', document.baseURI);
  const presence = new Presence();
  /** The answer of `demo/token` on its way or here, and when to ask for a new one. */
  let tokens = null;
  let renewAt = 0;
  let inView = false;
  let toldMeanwhile = [];
  let panes = [];

  if (!demo) return tab('idle', 'off');
  panes = [
    new PaneView({
      hub, title: 'A', selector: {kind: 'exact', value: 'demo/orders/1'}, onState, also: EVERYBODY, takes: takePresence,
    }),
    new PaneView({hub, title: 'B', selector: {kind: 'template', value: 'demo/orders/{id}'}, onState}),
  ];
  el('panes').append(...panes.map(pane => pane.element));
  el('form').addEventListener('submit', event => {
    event.preventDefault();
    publishForm();
  });
  el('cut').addEventListener('click', cut);
  el('scene').addEventListener('click', playScene);
  new IntersectionObserver(entries => {
    inView = entries.at(-1).isIntersecting; // the last: while the page was busy it may have come and gone
    showOrHide();
  }).observe(document.getElementById('hub'));
  document.addEventListener('visibilitychange', showOrHide);

  async function showOrHide() {
    if (!isSeen()) {
      for (const pane of panes) pane.pause();
      return;
    }
    try {
      await freshTokens();
      const cursor = await whoIsThere().catch(notTold);
      if (!isSeen()) return; // any more: who scrolls past is faster than the answers
      for (const pane of panes) pane.resume(cursor);
    } catch (failure) {
      say('failed', failure.message);
      tab('failed', 'refused');
    }
  }

  function isSeen() {
    return inView && document.visibilityState !== 'hidden';
  }

  /** Sees that the cookie is set that subscribing needs (an EventSource sends no headers); tells the other tokens. */
  async function freshTokens() {
    if (!tokens || Date.now() > renewAt) {
      renewAt = Infinity;
      tokens = answerOf('demo/token', {method: 'POST'}).then(JSON.parse);
      tokens.then(({expires_in: seconds}) => {
        renewAt = Date.now() + seconds * 800;
        setTimeout(() => freshTokens().catch(() => {}), seconds * 800 + 1000);
      }, () => {
        renewAt = 0;
      });
    }
    return tokens;
  }

  /** Shows the collection of subscriptions; returns the id from which on its changes are told. */
  async function whoIsThere() {
    const meanwhile = toldMeanwhile = []; // the collection may be older than a change that comes before it
    const collection = JSON.parse(await answerOf('.well-known/mercure/subscriptions', {cache: 'no-store'}));
    presence.reset(collection);
    for (const subscription of meanwhile) presence.take(subscription);
    showPresence();
    return collection.lastEventID ?? '';
  }

  /** Presence is an optional part of the protocol, and a setting of ours. */
  function notTold(refusal) {
    el('presence-count').textContent = refusal.message;
    return '';
  }

  async function answerOf(address, init) {
    let response;
    let text;
    try {
      response = await fetch(new URL(address, document.baseURI), init);
      text = await response.text();
    } catch {
      throw new Error(inWords(0));
    }
    if (!response.ok) throw new Error(inWords(response.status, text));
    return text;
  }

  async function publish(fields) {
    const {publish: token} = await freshTokens();
    return answerOf(hub, {method: 'POST', body: publishBody(fields), headers: {Authorization: `Bearer ${token}`}});
  }

  async function publishForm() {
    try {
      const began = performance.now();
      const id = await publish({
        topics: [el('topic').value], data: el('data').value, isPrivate: el('private').checked,
      });
      say('open', `Published, and on disk, after ${(performance.now() - began).toFixed(0)} ms. Its id: ${id}`);
    } catch (failure) {
      say('failed', failure.message);
    }
  }

  async function cut() {
    try {
      await answerOf('demo/cut', {method: 'POST'});
      say('waiting', 'The server has cut the connections of the panes. They come back by themselves.');
    } catch (failure) {
      say('failed', failure.message);
    }
  }

  async function playScene() {
    el('scene').disabled = true;
    try {
      await answerOf('demo/cut', {method: 'POST'});
      for (let i = 1; i <= 3; i++) {
        await publish({topics: [el('topic').value], data: `Published while nobody was connected, ${i} of 3`});
      }
      say('waiting', 'The connections are cut and three updates are published. Now wait for the panes to come back.');
    } catch (failure) {
      say('failed', failure.message);
    } finally {
      el('scene').disabled = false;
    }
  }

  function takePresence(event) {
    const subscription = subscriptionIn(event);
    if (!subscription) return false;
    presence.take(subscription);
    toldMeanwhile.push(subscription);
    showPresence();
    return true;
  }

  function showPresence() {
    const there = presence.subscribers();
    el('presence-count').textContent = `${there.length} ${there.length === 1 ? 'connection' : 'connections'}`;
    el('presence').replaceChildren(...there.map(({subscriber, selectors}) => {
      const item = document.createElement('li');
      const id = document.createElement('code');
      id.textContent = String(subscriber).replace('urn:uuid:', '').slice(-8);
      item.append(id, ' ', selectors.map(it => (it === EVERYBODY.value ? 'who is there' : it)).join(' and '));
      return item;
    }));
  }

  function onState(opens) {
    const states = panes.map(pane => pane.state);
    const [state, words] = [
      ['closed', 'refused'], ['waiting', 'reconnecting'], ['connecting', 'connecting'], ['open', 'live'],
    ].find(([state]) => states.includes(state)) ?? ['idle', 'paused'];
    tab(state, words);
    if (state === 'open' && !states.includes('idle')) {
      say('open', opens > 1 ? 'Both panes are back, and have what they missed.' : 'Both panes are live. Publish something.');
      // again, now that changes are told: between the first look and this some were not
      whoIsThere().catch(notTold);
    } else if (state === 'closed' && !states.includes('waiting') && !states.includes('connecting')) {
      say('failed', states.includes('open') ? 'One pane is refused and says why. The other is live.' : 'Refused. The panes say why.');
    } else if (state === 'idle') {
      say('idle', 'Paused while out of sight. The panes come back with what they missed.');
    }
  }

  function say(state, sentence) {
    el('say').textContent = sentence;
    el('say').dataset.state = state;
  }
}
