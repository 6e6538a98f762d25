import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Answer} from '../../main/webapp/page/answer.js';

const delta = delta => JSON.stringify({model: 'm', choices: [{index: 0, delta, finish_reason: null}]});

function answerOf(...data) {
  const answer = new Answer();
  data.forEach(it => answer.take(it));
  return answer;
}

test('both names of reasoning are read', () => {
  assert.equal(answerOf(delta({reasoning_content: 'let '}), delta({reasoning_content: 'me'})).reasoning, 'let me');
  assert.equal(answerOf(delta({reasoning: 'let '}), delta({reasoning: 'me'})).reasoning, 'let me');
});

test('a server that sends both names says it once', () => {
  assert.equal(answerOf(delta({reasoning: 'x', reasoning_content: 'x'})).reasoning, 'x');
});

test('a whole answer', () => {
  const answer = answerOf(
      delta({role: 'assistant', content: ''}), delta({content: 'Hello '}), delta({content: '🌊'}),
      '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}',
      '{"choices":[],"usage":{"completion_tokens":7}}', '[DONE]');
  assert.equal(answer.content, 'Hello 🌊');
  assert.equal(answer.deltas, 2);
  assert.equal(answer.tokens(), 7);
  assert.ok(answer.done);
  assert.equal(answer.error, null);
});

test('tokens are counted while no usage came', () => {
  assert.equal(answerOf(delta({content: 'a'}), delta({content: 'b'})).tokens(), 2);
});

test('what arrives in odd shapes does no harm', () => {
  const answer = answerOf('{"choices":null}', '{"choices":[{"delta":null}]}', '{}', 'null', delta({content: null}),
      delta({content: 5}), delta({content: 'ok'}));
  assert.equal(answer.content, 'ok');
  assert.equal(answer.error, null);
});

test('an error in mid-stream is kept beside the text', () => {
  const answer = answerOf(delta({content: 'half'}), '{"error":{"message":"The upstream failed."}}');
  assert.equal(answer.error, 'The upstream failed.');
  assert.equal(answer.content, 'half');
  assert.deepEqual([answer.done, answer.broken], [false, true]);
});

test('an error of any shape is told in words', () => {
  assert.equal(answerOf('{"error":"It broke."}').error, 'It broke.');
  assert.equal(answerOf('{"error":{"code":500}}').error, 'The model’s server failed.');
});

test('an error that is null is none', () => {
  assert.equal(answerOf('{"error":null,"choices":[{"delta":{"content":"x"}}]}').error, null);
});

test('garbage is told in words', () => {
  assert.match(answerOf('<html>').error, /not JSON/);
});
