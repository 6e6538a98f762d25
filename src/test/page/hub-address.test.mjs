import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Presence, publishBody, subscribeUrl, subscriptionIn, templateFault} from '../../main/webapp/page/hub-address.js';

const HUB = 'http://host/app/.well-known/mercure';

test('each kind of selector has its parameter', () => {
  const url = subscribeUrl(HUB, [
    {kind: 'exact', value: 'a b&c'}, {kind: 'template', value: 'o/{id}'}, {kind: 'pattern', value: '/o/:id'},
  ]);
  assert.equal(String(url), HUB + '?match=a+b%26c&topic=o%2F%7Bid%7D&match_urlpattern=%2Fo%2F%3Aid');
});

test('a malformed template is named with its place', () => {
  for (const good of ['demo/{id}', 'a{/b*}{?c,d:30}', '{+path}', '{a.b}', '{%41x}', 'plain', '*', '{#a}{.b}{;c}{&d}', 'é/{id}', '']) {
    assert.equal(templateFault(good), null, good);
  }
  for (const [bad, place] of [
    ['demo/{', 'The { at character 6 is never closed.'], ['demo/}', 'The } at character 6 is never opened.'],
    ['a{b}}', 'The } at character 5 is never opened.'], ['{{a}}', 'The { at character 1 is never closed.'],
    ['x{}', '{} at character 2 '], ['{a b}', '{a b} at character 1 '], ['{a:0}', '{a:0} '], ['{a:10000}', '{a:10000} '],
    ['{a,}', '{a,} '], ['{=a}', '{=a} '], ['{a..b}', '{a..b} '], ['{.}', '{.} '], ['{a*:3}', '{a*:3} '], ['{a-b}', '{a-b} '],
    ['a b/{id}', '“ ” at character 2 '], ['100%/{id}', '“%” at character 4 '], ['{id}<', '“<” at character 5 '],
  ]) {
    assert.ok(templateFault(bad)?.startsWith(place), `${bad}: ${templateFault(bad)}`);
  }
});

test('a cursor is given in the query, where an EventSource can', () => {
  const url = subscribeUrl(HUB, [{kind: 'exact', value: 'x'}], 'urn:uuid:1');
  assert.equal(url.searchParams.get('last_event_id'), 'urn:uuid:1');
  assert.equal(subscribeUrl(HUB, [], '').searchParams.has('last_event_id'), false);
});

test('a publish says private only when it is: any value would mean yes', () => {
  const fields = {topics: ['a', 'b'], data: 'x=1&y', type: '', isPrivate: false};
  assert.equal(String(publishBody(fields)), 'topic=a&topic=b&data=x%3D1%26y');
  assert.equal(publishBody({...fields, isPrivate: true}).get('private'), 'on');
});

const one = (id, subscriber, more) =>
  ({id: `/.well-known/mercure/subscriptions/${id}`, type: 'Subscription', subscriber, active: true, ...more});

test('who is there, from the collection and what changes then', () => {
  const presence = new Presence();
  presence.reset({subscriptions: [one('a/1', '1', {topic: 'a'}), one('b/1', '1', {topic: 'b'})]});
  presence.take(one('exact/c/2', '2', {match: 'c', type: 'subscription'}));
  assert.deepEqual(presence.subscribers(), [
    {subscriber: '1', selectors: ['a', 'b']}, {subscriber: '2', selectors: ['c']},
  ]);
  presence.take(one('a/1', '1', {topic: 'a', active: false}));
  presence.take(one('b/1', '1', {topic: 'b', active: false}));
  assert.deepEqual(presence.subscribers().map(it => it.subscriber), ['2']);
});

test('coming twice is being there once', () => {
  const presence = new Presence();
  presence.take(one('a/1', '1', {topic: 'a'}));
  presence.take(one('a/1', '1', {topic: 'a'}));
  assert.deepEqual(presence.subscribers(), [{subscriber: '1', selectors: ['a']}]);
});

test('ordinary updates are no subscriptions', () => {
  assert.equal(subscriptionIn({data: 'Order 1'}), null);
  assert.equal(subscriptionIn({data: '{"type":"Subscription","id":"/books/1"}'}), null);
  assert.equal(subscriptionIn({data: 'null'}), null);
  assert.equal(subscriptionIn({data: JSON.stringify(one('a/1', '1'))}).subscriber, '1');
});
