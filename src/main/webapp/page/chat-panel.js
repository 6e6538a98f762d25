import {Conversation} from './conversation.js';
import {follow} from './follow.js';
import {TurnView} from './turn-view.js';
import {gapInWords, inWords} from './words.js';

const SECRET = 'Millrace-Run-Secret';

/** The panel "Chat": a conversation whose answers are runs of the server, so that any tab can follow them. */
export function chatPanel({demo, tab}) {
  const el = name => document.getElementById(`chat-${name}`);
  const conversation = new Conversation(localStorage);
  /** What each turn on the page shows, by its id. */
  const views = new Map();
  /** The view whose answer is being followed, or null. */
  let live = null;
  let sending = false;

  if (!demo) {
    for (const control of document.querySelectorAll('#chat :is(button, select, textarea)')) control.disabled = true;
    say('idle', 'Off: in demo mode anybody on this machine may ask; else a key is needed.', 'off');
    return;
  }

  el('form').addEventListener('submit', event => {
    event.preventDefault();
    ask(el('question').value.trim());
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
  setInterval(showRate, 250);
  loadModels();
  showConversation();
  if (!live) say('idle', '', 'ready');

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
      const view = new TurnView(turn);
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
    view.source = follow(view.turn.run.url, {
      types: ['gap', 'problem'],
      onState(state, opens) {
        if (state === 'connecting') say('waiting', 'Connecting to the answer.', 'connecting');
        else if (state === 'open') {
          began = performance.now();
          say('open', opens > 1 ? 'Connected again; the answer goes on.' : 'The answer comes.', 'answering');
        } else if (state === 'waiting') say('waiting', 'The connection was lost; the browser comes back.', 'reconnecting');
        else if (state === 'closed') ended(view, opens);
      },
      onEvent(event) {
        if (event.type === 'gap') return view.fail(gapInWords(event.data));
        if (event.type === 'problem') return view.fail(inWords(500, event.data));
        const now = performance.now();
        if (view.answer.take(event.data)) {
          if (asked !== null && view.answer.deltas === 1) el('first').textContent = `${(now - asked).toFixed(0)} ms`;
          // what comes in the first moment after a reload was said before
          if (began !== null && now - began < 300 && asked === null) view.rate.replayed();
          else view.rate.add(now);
        }
        view.draw();
        if (view.answer.done) {
          view.source.stop();
          ended(view, 1);
        }
      },
    });
  }

  async function ended(view, opens) {
    const {answer} = view;
    if (live === view) live = null;
    view.drawNow();
    if (!answer.done && opens === 0) {
      await restore(view);
    } else {
      const stopped = !answer.done && !answer.error;
      if (stopped) view.end(view.stoppedHere ? 'Stopped.' : 'The answer was stopped.');
      conversation.change(view.turn.id, {run: null, answer: view.saved()});
      if (answer.error) say('failed', answer.error, 'failed');
      else say('done', stopped ? 'Stopped.' : 'Done.', stopped ? 'stopped' : 'done');
    }
    showControls();
  }

  /** The run is not there any more: show what was kept of the answer, and why there is no more. */
  async function restore(view) {
    let why = inWords(0);
    try {
      const response = await fetch(view.turn.run.url, {cache: 'no-store'});
      if (response.status === 404) why = 'This answer is no longer kept by the server.';
      else if (response.status !== 200) why = inWords(response.status, await response.text());
      await response.body?.cancel();
    } catch {
      // not reachable: said already
    }
    view.fail(why);
    conversation.change(view.turn.id, {run: null, answer: view.saved()});
    say('failed', why, 'lost');
  }

  async function stop() {
    const view = live;
    if (!view) return;
    view.stoppedHere = true;
    try {
      const {url, secret} = view.turn.run;
      const response = await fetch(url, {method: 'DELETE', headers: secret ? {[SECRET]: secret} : {}});
      if (!response.ok) say('failed', inWords(response.status, await response.text()), 'not stopped');
    } catch {
      say('failed', inWords(0), 'not stopped');
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

  function showRate() {
    if (!live) return;
    const rate = live.rate.perSecond(performance.now());
    el('rate').textContent = rate === null ? '–' : rate.toFixed(1);
    el('tokens').textContent = live.answer.tokens();
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
