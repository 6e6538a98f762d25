import assert from 'node:assert/strict';
import {test} from 'node:test';
import {bytes, number, Series} from '../../main/webapp/page/live-figures.js';

test('columns are as long as the time, whatever comes late or stays away', () => {
  const series = new Series(3);
  series.add({at: 1000, streams: 1});
  series.add({at: 2000, streams: 2, delivery: 5, kinds: {hub: 1}});
  series.add({at: 3000, delivery: 6});
  assert.deepEqual([series.at, series.column('streams'), series.column('delivery')], [[1, 2, 3], [1, 2, null], [null, 5, 6]]);
  series.add({at: 4000, streams: 4});
  assert.deepEqual([series.at, series.column('streams'), series.column('kinds')], [[2, 3, 4], [2, null, 4], [null, null, null]]);
  assert.equal(series.last('streams'), 4);
  assert.equal(series.last('delivery'), null);
  series.reset([{at: 9000, streams: 9}]);
  assert.deepEqual([series.at, series.column('streams'), series.column('delivery')], [[9], [9], [null]]);
});

test('figures as people write them', () => {
  assert.deepEqual([0, 940, 1234, 310e6].map(bytes), ['0 B', '940 B', '1.2 KB', '310 MB']);
  assert.deepEqual([0, 3.456, 120.4, 12_345].map(number), ['0', '3.5', '120', '12,345']);
});
