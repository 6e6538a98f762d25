import assert from 'node:assert/strict';
import {test} from 'node:test';
import {byteCount, hexDump, visible} from '../../main/webapp/page/bytes.js';
import {Continuity} from '../../main/webapp/page/continuity.js';
import {Intervals} from '../../main/webapp/page/intervals.js';
import {Rate} from '../../main/webapp/page/rate.js';
import {parseRunId} from '../../main/webapp/page/run-id.js';
import {gapInWords, inWords} from '../../main/webapp/page/words.js';

test('the id of a run may itself hold hyphens', () => {
  assert.deepEqual(parseRunId('K7nRj0c-wqk2mZt5bXv-yA-41'), {run: 'K7nRj0c-wqk2mZt5bXv-yA', position: 41});
  for (const other of ['', '7', 'urn:uuid:1-2', 'short-1', 'K7nRj0c-wqk2mZt5bXv8yA-x']) {
    assert.equal(parseRunId(other), null, other);
  }
});

test('holes and repetitions are counted', () => {
  const continuity = new Continuity();
  assert.deepEqual([0, 1, 1, 4, 5].map(it => continuity.take(it)), ['next', 'next', 'repeated', 'hole', 'next']);
  const {received, missing, repeated} = continuity;
  assert.deepEqual({received, missing, repeated}, {received: 5, missing: 2, repeated: 1});
});

test('intervals: the first event has none, and only the newest are kept', () => {
  const intervals = new Intervals(3);
  assert.equal(intervals.secondsAt(5), null);
  assert.deepEqual([100, 200, 500, 1100].map(now => intervals.add(now)), [null, 100, 300, 600]);
  assert.deepEqual(intervals.at, [0.1, 0.4, 1]);
  assert.deepEqual(intervals.gaps, [100, 300, 600]);
  assert.equal(intervals.median(), 300);
  assert.equal(intervals.secondsAt(2100), 2);
  assert.equal(new Intervals().median(), null);
});

test('the rate is of the last seconds, and a replay is no pace', () => {
  const rate = new Rate(3000);
  for (let now = 0; now < 20; now++) rate.add(now);
  rate.replayed();
  assert.equal(rate.perSecond(20), null);
  for (let now = 1000; now <= 3000; now += 100) rate.add(now);
  assert.equal(rate.perSecond(3000), 10);
  assert.equal(rate.perSecond(30_000), null);
});

test('line ends are shown and still end the line', () => {
  assert.deepEqual(visible('id: 1\r\n\n'), [
    {mark: false, text: 'id: 1'}, {mark: true, text: '\\r\\n\n'}, {mark: true, text: '\\n\n'},
  ]);
  assert.deepEqual(visible('a\tb\0'), [
    {mark: false, text: 'a'}, {mark: true, text: '\\t'}, {mark: false, text: 'b'}, {mark: true, text: '\\0'},
  ]);
});

test('no character is lost when bytes are made visible', () => {
  const text = '\uFEFFdata: a\r\n\r\n: x\n\ndata: 🌊\0\t\r';
  const shown = visible(text).map(piece => piece.text).join('');
  const back = shown.replaceAll('\n', '').replace(/\\(uFEFF|[nrt0])/g, (_, it) =>
    ({n: '\n', r: '\r', t: '\t', 0: '\0', uFEFF: '\uFEFF'})[it]);
  assert.equal(back, text);
});

test('a hex dump shows each byte', () => {
  const dump = hexDump(new TextEncoder().encode('data: 0é\n'));
  assert.equal(dump, [
    '0000  64 61 74 61 3a 20 30 c3  data: 0·',
    '0008  a9 0a                    ··',
  ].join('\n'));
  assert.equal(byteCount(1), '1 byte');
  assert.equal(byteCount(2048), '2,048 bytes');
});

test('errors in plain words', () => {
  assert.equal(inWords(400, '{"type":"urn:x","title":"T","detail":"n is 0; write 1."}'), 'n is 0; write 1.');
  assert.equal(inWords(404, '{"error":{"message":"No such model."}}'), 'No such model.');
  assert.equal(inWords(404, '{"error":"nope"}'), 'nope');
  assert.match(inWords(404, '<html>'), /nothing at this address/);
  assert.match(inWords(0), /cannot be reached/);
  assert.match(inWords(418), /418/);
});

test('a gap in plain words', () => {
  assert.equal(gapInWords('{"requested":"a","continues_after":"b"}'),
      'Some history is gone: asked to go on after a, the server goes on after b.');
  assert.equal(gapInWords('{"requested":"a","continues_after":"#x"}'),
      'Some history is gone: asked to go on after a, the server goes on with what it has.');
  assert.equal(gapInWords('garbage'), 'Some history is gone.');
});
