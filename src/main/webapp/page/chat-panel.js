import {Conversation} from './conversation.js';
import {followed} from './follow.js';
import {TurnView} from './turn-view.js';
import {gapInWords, inWords} from './words.js';

const SECRET = 'Millrace-Run-Secret';

/** The panel "Chat": a conversation whose answers are runs of the server, so that any tab can follow them. */
export function chatPanel({demo, tab}) {
  const el = name => document.getElementById(`chat-${name}`);
  const conversation = new Conversation(storage());
  /** What each turn on the page shows, by its id. */
  const views = new Map();
  /** The view whose answer is being followed, or null. */
  let live = null;
  let sending = false;
  /** The next answer's reasoning is to stay unfolded. */
  let unfolded = false;
  /** A question was entered while an answer was coming: it is asked when that has ended. */
  let next = false;

  if (!demo) return tab('idle', 'off');

  el('form').addEventListener('submit', event => {
    event.preventDefault();
    if (live && el('question').value.trim()) {
      next = true;
      say('open', 'Answering. Your question is asked when this answer has ended; Escape stops it.', 'answering');
    } else ask(el('question').value.trim());
  });
  document.addEventListener('keydown', event => {
    const here = document.activeElement === document.body || document.getElementById('chat').contains(event.target);
    if (event.key === 'Escape' && live && here && !event.isComposing && !event.defaultPrevented) stop();
  });
  el('question').addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    el('form').requestSubmit();
  });
  el('question').addEventListener('input', fitQuestion);
  el('stop').addEventListener('click', stop);
  el('clear').addEventListener('click', clear);
  el('suggestions').addEventListener('click', event => {
    if (event.target.matches('button')) ask(event.target.textContent);
  });
  window.addEventListener('storage', event => {
    if (conversation.isChangedBy(event)) showConversation();
  });
  window.addEventListener('pagehide', () => {
    if (live) conversation.change(live.turn.id, {answer: live.saved()});
  });
  setInterval(() => {
    if (live) showFigures(live);
  }, 250);
  loadModels();
  showConversation();
  if (!live) say('idle', '', 'ready');
  return {
    /** Asks what is reasoned about first, and leaves the reasoning open. */
    showReasoning() {
      unfolded = true;
      ask('How does a stream resume after a cut?');
    },
  };

  async function loadModels() {
    try {
      const response = await fetch(new URL('v1/models', document.baseURI));
      const text = await response.text();
      if (!response.ok) throw new Error(inWords(response.status, text));
      el('model').replaceChildren(...JSON.parse(text).data.map(({id}) => new Option(id, id)));
    } catch (failure) {
      say('failed', `The list of models did not come. ${failure.message}`, 'no models');
    }
  }

  async function ask(question) {
    if (!question || live || sending) return;
    sending = true;
    next = false;
    say('waiting', 'Sending.', 'sending');
    const asked = performance.now();
    try {
      const response = await fetch(new URL('v1/chat/completions', document.baseURI), {
        method: 'POST',
        headers: {'Content-Type': 'application/json', Prefer: 'respond-async'},
        body: JSON.stringify({
          model: el('model').value, stream: true, stream_options: {include_usage: true},
          messages: conversation.messages(question),
        }),
      });
      if (response.status !== 202) throw new Error(inWords(response.status, await response.text()));
      const url = new URL(response.headers.get('Content-Location'), response.url);
      const turn = {
        id: crypto.randomUUID(), question, answer: null,
        run: {url: url.href, secret: response.headers.get(SECRET)},
      };
      conversation.add(turn);
      el('question').value = '';
      fitQuestion();
      showConversation(asked);
      unfolded = false;
    } catch (failure) {
      say('failed', failure.message, 'failed');
    } finally {
      sending = false;
    }
  }

  /** Brings the page to what is stored: by this tab, by another one, or before a reload. */
  function showConversation(asked = null) {
    const turns = conversation.turns();
    const known = new Set(turns.map(turn => turn.id));
    for (const [id, view] of views) {
      if (known.has(id)) continue;
      view.source?.stop();
      if (live === view) live = null;
      view.element.remove();
      views.delete(id);
    }
    for (const turn of turns) {
      if (views.has(turn.id)) continue;
      const view = new TurnView(turn, {unfolded: unfolded && asked !== null});
      views.set(turn.id, view);
      el('turns').append(view.element);
      if (turn.run) followRun(view, asked);
      el('turns').scrollTop = el('turns').scrollHeight;
    }
    el('welcome').hidden = turns.length > 0;
    showControls();
  }

  function followRun(view, asked) {
    live = view;
    let began = null;
    view.source = followed('answer', view.turn.run.url, {
      lastEventId: '',
      onState(state, opens) {
        if (state === 'connecting') say('waiting', 'Connecting to the answer.', 'connecting');
        else if (state === 'open') {
          began = performance.now();
          say('open', opens > 1 ? 'Connected again; the answer goes on.' : 'Answering.', 'answering');
        } else if (state === 'waiting') say('waiting', 'The connection was lost; the browser comes back.', 'reconnecting');
        else if (state === 'closed') closed(view);
      },
      onEvent(event) {
        if (event.type === 'gap') return view.fail(gapInWords(event.data));
        view.lastEventId = event.lastEventId;
        const now = performance.now();
        if (event.type === 'problem') view.answer.breakOff(inWords(500, event.data));
        else if (view.answer.take(event.data)) {
          if (asked !== null && view.answer.deltas === 1) el('first').textContent = `${(now - asked).toFixed(0)} ms`;
          // what comes in the first moment after a reload was said before
          if (began !== null && now - began < 300 && asked === null) view.rate.replayed();
          else view.rate.add(now);
        }
        view.draw();
        if (view.answer.done || view.answer.broken) {
          view.source.stop();
          closed(view);
        }
      },
    });
  }

  /**
   * The connection is closed for good. With `[DONE]` or an error the answer has ended; else only the server knows what that
   * means, for an EventSource tells no status, and one that dies with its page during a reload looks the same.
   */
  async function closed(view) {
    if (!view.answer.done && !view.answer.broken && !view.stoppedHere) {
      const status = await statusOf(view);
      if (status === 200) await sleep(1000);
      if (!views.has(view.turn.id)) return;
      if (status === 200) {
        view.restart();
        followRun(view, null);
        return;
      }
      if (status === 204) view.end('The answer was stopped.');
      else view.lost('The server does not keep this answer any more.');
    }
    if (live === view) live = null;
    view.drawNow();
    conversation.change(view.turn.id, {run: null, answer: view.saved()});
    showControls();
    showFigures(view);
    if (view.answer.error) say('failed', view.answer.error, 'failed');
    else if (view.answer.done) say('done', 'Done.', 'done');
    else say('idle', 'Stopped.', 'stopped');
    if (next && !live) ask(el('question').value.trim());
    next = false;
  }

  /** 204: the run is over and read to its end; 200: it goes on; 404: nobody knows it. Waits while nobody can say. */
  async function statusOf(view) {
    const headers = view.lastEventId ? {'Last-Event-ID': view.lastEventId} : {};
    while (views.has(view.turn.id)) {
      try {
        const {status, body} = await fetch(view.turn.run.url, {headers, cache: 'no-store'});
        await body?.cancel();
        if ([200, 204].includes(status)) return status;
        if (status >= 400 && status < 500 && status !== 429) return 404;
      } catch {
        // not reachable
      }
      say('waiting', 'The server cannot be reached; trying again.', 'reconnecting');
      await sleep(3000);
    }
    return 404;
  }

  async function stop() {
    const view = live;
    next = false; // who stops does not want the next one to begin; it stays where it was written
    if (!view) return;
    try {
      const {url, secret} = view.turn.run;
      const response = await fetch(url, {method: 'DELETE', headers: secret ? {[SECRET]: secret} : {}});
      const text = await response.text();
      if (!views.has(view.turn.id)) return; // a new conversation has begun meanwhile
      if (!response.ok) {
        say('failed', inWords(response.status, text), 'not stopped');
        return;
      }
      view.stoppedHere = true;
      view.source.stop();
      view.end('Stopped.');
      closed(view);
    } catch {
      if (views.has(view.turn.id)) say('failed', inWords(0), 'not stopped');
    }
  }

  function clear() {
    if (live) stop();
    conversation.clear();
    showConversation();
    for (const figure of ['tokens', 'rate', 'first']) el(figure).textContent = '–';
    say('idle', '', 'ready');
    el('question').focus();
  }

  function showFigures(view) {
    const rate = view.rate.perSecond(performance.now());
    if (rate !== null) el('rate').textContent = rate.toFixed(1);
    el('tokens').textContent = view.answer.tokens();
  }

  function showControls() {
    el('stop').hidden = !live;
    el('send').hidden = !!live;
  }

  function fitQuestion() {
    const area = el('question');
    area.rows = Math.min(6, area.value.split('\n').length);
  }

  function say(state, sentence, short) {
    el('say').textContent = sentence;
    el('say').dataset.state = state;
    tab(state, short);
  }
}

/** Null where the browser is told to keep nothing for this page: it throws then. */
function storage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

function sleep(milliseconds) {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}
