import assert from 'node:assert/strict';
import {test} from 'node:test';
import {EventStreamParser} from '../../main/webapp/client/millrace.js';

const utf8 = new TextEncoder();

function parse(text, cut = null) {
  const bytes = utf8.encode(text);
  const parser = new EventStreamParser();
  const slices = cut === null ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut)];
  const events = slices.flatMap(slice => parser.feed(slice));
  return {events, data: events.map(event => event.data), parser};
}

/** name, input, the data of the events that come out */
const CASES = [
  ['one event', 'data: 0\n\n', ['0']],
  ['lines are joined', 'data: a\ndata:b\n\n', ['a\nb']],
  ['CR, LF and CRLF end a line', 'data:a\rdata:b\r\ndata:c\n\r', ['a\nb\nc']],
  ['one byte order mark at the start is dropped', '\uFEFFdata:1\n\n\uFEFFdata:2\n\ndata:3\n\n', ['1', '3']],
  ['comments are nothing', ':\n\ndata:1\n:data:2\n\n', ['1']],
  ['an event without its blank line is no event', 'data:1\n\ndata:2', ['1']],
  ['empty data', 'data:\n\ndata\ndata\n\ndata:x\n\n', ['', '\n', 'x']],
  ['only one space is removed', 'data:  a\ndata:\tb\n\n', [' a\n\tb']],
  ['unknown fields are nothing', 'data:1\n data\ndata\nfoo:x\n\n', ['1\n']],
  ['field names are exact', 'Data:1\ndata\0:2\ndata:3\n\n', ['3']],
  ['characters of several bytes', 'data: 🌊 é …\n\n', ['🌊 é …']],
  ['a block without data is no event', 'event: x\nid: 7\n\n', []],
];

for (const [name, input, expected] of CASES) {
  test(name, () => assert.deepEqual(parse(input).data, expected));
  test(`${name}, cut in two at every byte`, () => {
    for (let cut = 0; cut <= utf8.encode(input).length; cut++) {
      assert.deepEqual(parse(input, cut).data, expected, `cut at ${cut}`);
    }
  });
}

test('a type is of one event, and message by default', () => {
  const {events} = parse('event: gap\ndata: 1\n\ndata: 2\n\n');
  assert.deepEqual(events.map(event => event.type), ['gap', 'message']);
});

test('an id lasts until the next one, and one with NUL is ignored', () => {
  const {events, parser} = parse('id: 1\ndata: a\n\ndata: b\n\nid: x\0\ndata: c\n\nid\ndata: d\n\nid: 9\n\n');
  assert.deepEqual(events.map(event => event.lastEventId), ['1', '1', '1', '']);
  assert.equal(parser.lastEventId, '9');
});

test('an id counts only once its block is complete', () => {
  assert.equal(parse('id: 1\ndata: a\n\nid: 2\ndata: b').parser.lastEventId, '1');
});

test('retry is a decimal number or nothing', () => {
  assert.equal(parse('retry: 02000\n\n').parser.retry, 2000);
  assert.equal(parse('retry: 3000\nretry: 1000x\nretry\n\n').parser.retry, 3000);
  assert.equal(parse('data: 1\n\n').parser.retry, null);
});
