import {connections} from './connections.js';
import {figuresFeed} from './figures-feed.js';
import {bytes, number} from './live-figures.js';
import {whileSeen} from './seen.js';
import {inWords} from './words.js';

const percent = n => `${number(n)} %`;
const milliseconds = n => `${number(n)} ms`;

/** What is charted: the name of its card, the figures in it, and how they are written. */
const CARDS = [
  ['streams', ['streams'], number],
  ['events', ['in', 'out'], number],
  ['latency', ['delivery', 'publishMillis'], milliseconds],
  ['bytes', ['bytesOut'], bytes],
  ['memory', ['heapBytes'], bytes],
  ['cpu', ['cpu'], percent],
];

const FURTHER = {
  lag: sample => `${number(sample.lagEvents)} events`,
  history: sample => `${number(sample.historyEvents)} updates, ${bytes(sample.historyBytes)}`,
  held: sample => bytes(sample.heldBytes),
  runs: sample => number(sample.runs),
  gc: sample => `${number(sample.gcMillis)} ms/s`,
  tokens: sample => number(sample.tokens),
};

const WORDS = {connecting: 'connecting', open: 'live', waiting: 'reconnecting', refused: 'refused', ended: 'ended'};

/** The panel "Live data": this server's own figures, and a ticker whose changes are conflated. */
export function livePanel({demo, tab}) {
  const panel = document.getElementById('live');
  const el = name => document.getElementById(`live-${name}`);
  if (!demo) return tab('idle', 'off');
  let charts = [];
  let stopFigures = null;
  let ticker = null;
  const prices = new Map();

  const isSeen = whileSeen(panel, show, hide);
  el('every').addEventListener('change', () => {
    if (ticker) follow();
  });

  async function show() {
    const {LiveChart} = await import('./live-chart.js');
    if (!isSeen()) return; // who scrolls past is faster
    if (!charts.length) {
      charts = CARDS.map(([card, names, format]) =>
        new LiveChart(el(card).querySelector('.chart'), figuresFeed.series, names, format));
    }
    stopFigures ??= figuresFeed.watch(showFigures, state => {
      tab(state, WORDS[state] ?? state);
      if (state === 'refused') say('failed', inWords(404));
    });
    if (!ticker) follow();
  }

  function hide() {
    stopFigures?.();
    stopFigures = null;
    ticker?.close();
    ticker = null;
    tab('idle', 'paused');
  }

  function showFigures() {
    const {series, newest} = figuresFeed;
    for (const [card, names, format] of CARDS) {
      const values = el(card).querySelectorAll('dd');
      names.forEach((name, i) => {
        const value = series.last(name);
        values[i].textContent = value === null ? '–' : format(value);
      });
    }
    for (const chart of charts) chart.update();
    for (const [name, text] of Object.entries(FURTHER)) el(name).textContent = text(newest);
  }

  function follow() {
    ticker?.close();
    const url = new URL(`demo/ticker?every=${el('every').value}`, document.baseURI);
    let events = 0;
    let changes = 0;
    const began = performance.now();
    ticker = connections.follow('ticker', url, {
      onEvent: ({data}) => {
        const told = JSON.parse(data);
        events++;
        changes += told.changes;
        showPrices(told.prices);
        const seconds = Math.max(1, (performance.now() - began) / 1000);
        el('conflated').textContent = `${number(Math.round(changes / seconds))} changes a second reach you in `
            + `${number(Math.round(10 * events / seconds) / 10)} events a second: of each price the newest.`;
      },
    });
  }

  function showPrices(changed) {
    for (const [name, price] of Object.entries(changed)) {
      let row = prices.get(name);
      if (!row) {
        row = document.getElementById('price-row').content.firstElementChild.cloneNode(true);
        row.querySelector('th').textContent = name;
        prices.set(name, row);
        el('prices').append(row);
      }
      const cell = row.querySelector('.price');
      const before = Number(cell.textContent);
      cell.textContent = price.toFixed(2);
      row.dataset.moved = !before || price === before ? '' : price > before ? 'up' : 'down';
    }
  }

  function say(state, sentence) {
    el('say').textContent = sentence;
    el('say').dataset.state = state;
  }
}
