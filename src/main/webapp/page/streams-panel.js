import {Continuity} from './continuity.js';
import {watched} from './follow.js';
import {GapChart} from './gap-chart.js';
import {Intervals} from './intervals.js';
import {copyOf, LogView, note} from './log-view.js';
import {Reader} from './reader.js';
import {parseRunId} from './run-id.js';
import {WireView} from './wire-view.js';
import {gapInWords, inWords} from './words.js';

/** The panel "Streams": one run, followed by the browser's own EventSource or read as the answer to a POST. */
export function streamsPanel({demo, tab}) {
  const el = name => document.getElementById(`streams-${name}`);
  const events = new LogView(el('events'));
  const wire = new WireView(el('wire'), el('hex'));
  const chart = new GapChart(el('chart'));
  /** What runs, or ran last: {wanted, run, stop(), …}; null before the first. */
  let current = null;

  chart.start(new Intervals());
  el('form').addEventListener('submit', event => {
    event.preventDefault();
    startEventSource();
  });
  el('post').addEventListener('click', () => {
    if (el('form').reportValidity()) startPost();
  });
  el('stop').addEventListener('click', () => {
    current.stop();
    say('idle', 'Stopped by you.', 'stopped');
  });
  el('cut').addEventListener('click', cut);

  function startEventSource() {
    const scene = begin('by EventSource', 'a second reader, by fetch');
    const source = watched('stream', scene.url, {
      types: ['gap', 'problem'],
      onState: (state, opens) => onSourceState(scene, state, opens),
      onEvent: event => {
        onEvent(scene, event);
        if (scene.run && !scene.reader) readRunToo(scene);
      },
    });
    scene.stop = () => {
      source.stop();
      scene.reader?.stop();
      settle();
    };
  }

  /** The bytes: a second reader of the run, from its first event. */
  function readRunToo(scene) {
    scene.reader = new Reader(wire);
    scene.reader.read(new URL(`streams/${scene.run}`, document.baseURI));
  }

  async function startPost() {
    const scene = begin('by our own parser', 'the answer to the POST, by fetch');
    let opens = 0;
    scene.reader = new Reader({
      request: request => wire.request(request),
      response(response) {
        wire.response(response);
        if (response.status !== 200) return;
        onSourceState(scene, 'open', ++opens);
      },
      bytes: bytes => wire.bytes(bytes),
      event: event => onEvent(scene, event),
      cut(message) {
        wire.cut(message);
        onSourceState(scene, 'waiting', opens);
      },
      refused(status, body) {
        wire.refused(status, body);
        say('failed', inWords(status, body), 'refused');
      },
    });
    scene.stop = () => {
      scene.reader.stop();
      settle();
    };
    onSourceState(scene, 'connecting', 0);
    const end = await scene.reader.read(scene.url, {method: 'POST'});
    if (current !== scene) return;
    if (end === 'ended') onSourceState(scene, 'closed', opens);
    settle();
  }

  function begin(via, wireVia) {
    current?.stop();
    const n = el('n').valueAsNumber;
    const interval = el('interval').valueAsNumber;
    const scene = current = {
      url: new URL(`sse/v1?n=${n}&interval=${interval}`, document.baseURI),
      wanted: n,
      run: null,
      reader: null,
      continuity: new Continuity(),
      intervals: new Intervals(),
      lostAt: null,
      stop() {},
    };
    events.clear();
    wire.clear();
    chart.start(scene.intervals);
    el('via').textContent = via;
    el('wire-via').textContent = wireVia;
    el('stop').disabled = false;
    el('last-id').textContent = '–';
    el('median').textContent = '–';
    figures(scene, 0);
    return scene;
  }

  function onEvent(scene, event) {
    if (scene !== current) return;
    const now = performance.now();
    if (event.type === 'gap' || event.type === 'problem') {
      events.add(note(event.type === 'gap' ? gapInWords(event.data) : inWords(500, event.data), 'failed'));
      return;
    }
    const id = parseRunId(event.lastEventId);
    if (id) {
      scene.run = id.run;
      scene.continuity.take(id.position);
      el('cut').disabled = !demo;
    } else {
      scene.continuity.received++;
    }
    if (scene.lostAt !== null) {
      const away = ((now - scene.lostAt) / 1000).toFixed(1);
      events.add(note(`Back after ${away} s, with the last event id; it goes on with the next event.`, 'open'));
      scene.lostAt = null;
    }
    const gap = scene.intervals.add(now);
    const row = copyOf('event-row');
    row.querySelector('.n').textContent = id ? `#${id.position}` : '';
    row.querySelector('.data').textContent = event.data;
    row.querySelector('.time').textContent = gap === null ? 'first' : `+${gap.toFixed(0)} ms`;
    events.add(row);
    chart.update();
    el('last-id').textContent = event.lastEventId || '–';
    const median = scene.intervals.median();
    el('median').textContent = median === null ? '–' : `${median.toFixed(0)} ms`;
    figures(scene);
    if (complete(scene)) {
      el('cut').disabled = true;
      say('open', `All ${scene.wanted} events are here.`, 'complete');
    } else say('open', `Receiving ${scene.wanted} events.`, 'live');
  }

  function onSourceState(scene, state, opens) {
    if (scene !== current) return;
    figures(scene, opens);
    if (state === 'connecting') {
      say('waiting', 'Connecting.', 'connecting');
    } else if (state === 'open') {
      if (!complete(scene)) say('open', opens > 1 ? 'Connected again.' : 'Connected.', 'live');
    } else if (state === 'waiting' && complete(scene)) {
      say('waiting', `All ${scene.wanted} events are here. The client will ask once more, and be told that this was all.`,
          'complete');
    } else if (state === 'waiting') {
      scene.lostAt = performance.now();
      chart.cut(scene.intervals.secondsAt(scene.lostAt));
      events.add(note('The connection was cut.', 'waiting'));
      say('waiting', 'The connection was cut. The client comes back by itself.', 'reconnecting');
    } else if (state === 'closed') {
      settle();
      if (complete(scene)) {
        const {missing, repeated} = scene.continuity;
        say('done', `Done: ${scene.wanted} events over ${opens} ${opens === 1 ? 'connection' : 'connections'}, ${missing} `
            + `missing, ${repeated} repeated. The server answered 204, so the client stays closed.`, 'done');
      } else if (opens === 0) {
        refusedBy(scene);
      } else {
        say('failed', 'The server ended the stream before it was complete.', 'ended');
      }
    }
  }

  /** EventSource tells no status; asking once more with fetch does. */
  async function refusedBy(scene) {
    say('failed', 'The server refused.', 'refused');
    try {
      const response = await fetch(scene.url, {cache: 'no-store'});
      if (response.ok) await response.body?.cancel();
      else say('failed', inWords(response.status, await response.text()), 'refused');
    } catch {
      say('failed', inWords(0), 'refused');
    }
  }

  async function cut() {
    const {run} = current;
    try {
      const response = await fetch(new URL(`streams/${run}/cut`, document.baseURI), {method: 'POST'});
      if (!response.ok) say('failed', inWords(response.status, await response.text()), 'not cut');
    } catch {
      say('failed', inWords(0), 'not cut');
    }
  }

  function complete(scene) {
    return scene.continuity.received >= Math.max(1, scene.wanted);
  }

  function figures({continuity}, opens) {
    el('received').textContent = continuity.received;
    for (const [name, count] of [['missing', continuity.missing], ['repeated', continuity.repeated]]) {
      el(name).textContent = count;
      el(name).parentElement.dataset.good = count === 0 && continuity.received > 0 ? 'yes' : count > 0 ? 'no' : '';
    }
    if (opens !== undefined) el('opens').textContent = opens;
  }

  function settle() {
    el('stop').disabled = true;
    el('cut').disabled = true;
  }

  function say(state, sentence, short) {
    // what is written anew is read out anew, at each event; how many there are stands below
    if (el('say').textContent !== sentence) el('say').textContent = sentence;
    el('say').dataset.state = state;
    tab(state, short);
  }
}
