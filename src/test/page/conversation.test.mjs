import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Conversation} from '../../main/webapp/page/conversation.js';

class Storage {
  items = new Map();
  getItem(key) { return this.items.get(key) ?? null; }
  setItem(key, value) { this.items.set(key, value); }
  removeItem(key) { this.items.delete(key); }
}

const turn = (id, more) => ({id, question: `question ${id}`, run: null, answer: null, ...more});

test('a second tab finds the turn and its run', () => {
  const storage = new Storage();
  new Conversation(storage).add(turn('1', {run: {url: '/streams/x', secret: 's'}}));
  assert.deepEqual(new Conversation(storage).turns()[0].run, {url: '/streams/x', secret: 's'});
});

test('a change keeps what another tab has added since', () => {
  const storage = new Storage();
  const here = new Conversation(storage);
  const there = new Conversation(storage);
  here.add(turn('1'));
  there.add(turn('2'));
  here.change('1', {answer: {content: 'a'}});
  assert.deepEqual(there.turns().map(({id, answer}) => [id, answer?.content]), [['1', 'a'], ['2', undefined]]);
});

test('only answered turns are told to the model', () => {
  const conversation = new Conversation(new Storage());
  conversation.add(turn('1', {answer: {content: 'a'}}));
  conversation.add(turn('2', {answer: {content: '', error: 'failed'}}));
  assert.deepEqual(conversation.messages('new'), [
    {role: 'user', content: 'question 1'}, {role: 'assistant', content: 'a'}, {role: 'user', content: 'new'},
  ]);
});

test('what is no conversation is none', () => {
  for (const stored of ['', '{', '7', 'null', '[null, 1, {}]']) {
    const storage = new Storage();
    storage.setItem('millrace.chat', stored);
    assert.deepEqual(new Conversation(storage).turns(), [], stored);
  }
});

test('the oldest turns go first', () => {
  const conversation = new Conversation(new Storage());
  for (let i = 0; i < 60; i++) conversation.add(turn(String(i)));
  const turns = conversation.turns();
  assert.equal(turns.length, 50);
  assert.equal(turns[0].id, '10');
});

test('with a storage that is full, or none, the conversation goes on until the page is left', () => {
  const full = {getItem: () => null, setItem() { throw new Error('QuotaExceededError'); }, removeItem() {}};
  for (const storage of [full, null]) {
    const conversation = new Conversation(storage);
    conversation.add(turn('1'));
    conversation.change('1', {answer: {content: 'a'}});
    assert.deepEqual(conversation.turns().map(({id, answer}) => [id, answer.content]), [['1', 'a']]);
    conversation.clear();
    assert.deepEqual(conversation.turns(), []);
  }
});
