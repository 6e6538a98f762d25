import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Reader} from '../../main/webapp/page/reader.js';

const RUN = 'http://host/app/streams/K7nRj0c1wqk2mZt5bXv8yA';
const utf8 = new TextEncoder();

/** A server that answers by script, and what it was asked. */
function scripted(...answers) {
  const asked = [];
  const fetch = async (url, {method, headers}) => {
    const id = headers['Last-Event-ID'];
    asked.push({method, url: String(url), ...id && {id}});
    const {status = 200, chunks = [], broken = false, headers: head = {}} = answers[asked.length - 1];
    const body = new ReadableStream({
      start(stream) {
        for (const chunk of chunks) stream.enqueue(utf8.encode(chunk));
        if (!broken) stream.close();
      },
      pull(stream) {
        if (broken) stream.error(new TypeError('network error'));
      },
    });
    return new Response(status === 204 ? null : body, {status, headers: {'Content-Type': 'text/event-stream', ...head}});
  };
  return {asked, fetch};
}

function read(answers, init) {
  const server = scripted(...answers);
  const told = {data: [], bytes: '', cuts: [], refused: null};
  const reader = new Reader({
    event: event => told.data.push(event.data),
    bytes: bytes => { told.bytes += new TextDecoder().decode(bytes); },
    cut: message => told.cuts.push(message),
    refused: (status, body) => { told.refused = {status, body}; },
  }, {fetch: server.fetch});
  return reader.read('http://host/app/sse/v1', init).then(end => ({end, told, asked: server.asked}));
}

const NAMED = {'Content-Location': '/app/streams/K7nRj0c1wqk2mZt5bXv8yA'};

test('after a cut it goes on at the run, with the last event id', async () => {
  const {end, told, asked} = await read([
    {headers: NAMED, chunks: ['retry: 7\n\nid: r-0\ndata: 0\n\nid: r-', '1\ndata: 1\n\nid: r-2\nda'], broken: true},
    {chunks: ['id: r-2\ndata: 2\n\n']},
    {status: 204},
  ], {method: 'POST'});
  assert.equal(end, 'ended');
  assert.deepEqual(told.data, ['0', '1', '2']);
  assert.deepEqual(told.cuts, ['network error', null]);
  assert.deepEqual(asked, [
    {method: 'POST', url: 'http://host/app/sse/v1'},
    {method: 'GET', url: RUN, id: 'r-1'},
    {method: 'GET', url: RUN, id: 'r-2'},
  ]);
});

test('every byte is told, also what is no event', async () => {
  const {told} = await read([{chunks: ['retry: 1\n: hello\n\n', 'data: x\r\n', '\r\n: bye']}, {status: 204}]);
  assert.equal(told.bytes, 'retry: 1\n: hello\n\ndata: x\r\n\r\n: bye');
});

test('the answer to a POST that is no run is asked for once', async () => {
  const {end, asked} = await read([{chunks: ['data: x\n\n']}], {method: 'POST'});
  assert.equal(end, 'ended');
  assert.equal(asked.length, 1);
});

test('a refusal is told with its body and is final', async () => {
  const {end, told, asked} = await read([{status: 400, chunks: ['{"detail":"n is 0"}']}]);
  assert.equal(end, 'refused');
  assert.deepEqual(told.refused, {status: 400, body: '{"detail":"n is 0"}'});
  assert.equal(asked.length, 1);
});

test('stopped while it waits, it asks no more', async () => {
  const server = scripted({headers: NAMED, chunks: ['retry: 9000\nid: r-0\ndata: 0\n\n']}, {status: 204});
  const reader = new Reader({cut: () => setTimeout(() => reader.stop())}, {fetch: server.fetch});
  assert.equal(await reader.read('http://host/app/sse/v1', {method: 'POST'}), 'stopped');
  assert.equal(server.asked.length, 1);
});
