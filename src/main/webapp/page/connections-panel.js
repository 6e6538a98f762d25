import {connections} from './connections.js';
import {figuresFeed} from './figures-feed.js';
import {bytes} from './live-figures.js';
import {whileSeen} from './seen.js';

const WORDS = {
  connecting: 'connecting', open: 'live', waiting: 'reconnecting', ended: 'ended', closed: 'closed', stopped: 'closed',
  refused: 'refused', lost: 'lost',
};

/** The panel "Connections": what this page follows or followed; in demo mode what the server has open, too. */
export function connectionsPanel({demo}) {
  const panel = document.getElementById('connections');
  const rows = document.getElementById('connections-rows');
  const kinds = document.getElementById('connections-kinds');
  let timer;
  let stopWatching = null;

  whileSeen(panel, () => {
    draw();
    timer = setInterval(draw, 500);
    if (demo) stopWatching = figuresFeed.watch(drawKinds);
  }, () => {
    clearInterval(timer);
    stopWatching?.();
  });

  function draw() {
    document.getElementById('connections-none').hidden = connections.all.length > 0;
    const drawn = new Map([...rows.children].map(row => [row.dataset.id, row]));
    connections.all.forEach((entry, i) => {
      const row = drawn.get(String(entry.id))
          ?? document.getElementById('connection-row').content.firstElementChild.cloneNode(true);
      drawn.delete(String(entry.id));
      row.dataset.id = entry.id;
      row.dataset.state = WORDS[entry.state] === 'closed' || entry.state === 'ended' ? 'idle' : entry.state;
      const cells = {
        name: entry.name, state: WORDS[entry.state] ?? entry.state, opens: entry.opens, events: entry.events,
        gaps: entry.gaps, heartbeats: entry.heartbeats, bytes: entry.bytes ? bytes(entry.bytes) : '–',
        id: entry.lastEventId || '–', heard: entry.heard ? ago(Date.now() - entry.heard) : '–',
      };
      for (const [name, text] of Object.entries(cells)) {
        const cell = row.querySelector(`.${name}`);
        if (cell.textContent !== String(text)) cell.textContent = text;
      }
      row.querySelector('.name').title = entry.url;
      if (rows.children[i] !== row) rows.insertBefore(row, rows.children[i] ?? null);
    });
    for (const row of drawn.values()) row.remove();
  }

  function drawKinds() {
    const open = Object.entries(figuresFeed.newest.kinds ?? {}).filter(([, count]) => count > 0);
    kinds.textContent = 'The server has open now: '
        + (open.map(([kind, count]) => `${count} of kind ${kind}`).join(', ') || 'none') + '.';
  }
}

function ago(milliseconds) {
  const seconds = milliseconds / 1000;
  return seconds < 1 ? 'now' : seconds < 90 ? `${Math.round(seconds)} s ago` : `${Math.round(seconds / 60)} min ago`;
}
