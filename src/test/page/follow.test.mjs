import assert from 'node:assert/strict';
import {test} from 'node:test';
import {follow} from '../../main/webapp/page/follow.js';

/** An EventSource that does what the test says. */
class Source extends EventTarget {
  static made = [];
  readyState = 0;
  closed = false;

  constructor(url) {
    super();
    this.url = url;
    Source.made.push(this);
  }

  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
  }

  lose(readyState) {
    this.readyState = readyState;
    this.dispatchEvent(new Event('error'));
  }

  send(type, data) {
    this.dispatchEvent(new MessageEvent(type, {data}));
  }

  close() {
    this.readyState = 2;
    this.closed = true;
  }
}

function followed(types = []) {
  Source.made = [];
  const seen = {states: [], events: []};
  const handle = follow('/sse', {
    types,
    onState: (state, opens) => seen.states.push(`${state} ${opens}`),
    onEvent: event => seen.events.push(`${event.type} ${event.data}`),
  }, Source);
  return {...seen, handle, source: Source.made[0]};
}

test('a cut and a resume are two openings of one EventSource', () => {
  const {states, source, handle} = followed();
  source.open();
  source.lose(0);
  source.open();
  source.lose(2);
  assert.deepEqual(states, ['connecting 0', 'open 1', 'waiting 1', 'open 2', 'closed 2']);
  assert.equal(handle.opens(), 2);
  assert.equal(Source.made.length, 1);
});

test('named events come only when they were asked for', () => {
  const {events, source} = followed(['gap']);
  source.send('message', '1');
  source.send('gap', '2');
  source.send('other', '3');
  assert.deepEqual(events, ['message 1', 'gap 2']);
});

test('an event of the stream that is called "error" is no lost connection', () => {
  const {events, states, source} = followed();
  source.open();
  source.send('error', 'boom');
  assert.deepEqual(events, ['error boom']);
  assert.deepEqual(states, ['connecting 0', 'open 1']);
});

test('stop closes the source once, and says so', () => {
  const {states, source, handle} = followed();
  source.open();
  handle.stop();
  handle.stop();
  assert.ok(source.closed);
  assert.deepEqual(states, ['connecting 0', 'open 1', 'stopped 1']);
});

test('what the server has ended is not stopped afterwards', () => {
  const {states, source, handle} = followed();
  source.lose(2);
  handle.stop();
  assert.deepEqual(states, ['connecting 0', 'closed 0']);
});
