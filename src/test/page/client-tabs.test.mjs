import assert from 'node:assert/strict';
import {once} from 'node:events';
import {createServer} from 'node:http';
import {after, test} from 'node:test';
import {Worker} from 'node:worker_threads';

const LOOK = 150;
const open = [];
after(() => open.forEach(it => it.end()));

/** A hub of one topic: numbers, kept for ever; who comes with an id gets what follows it, who comes without gets what comes. */
async function hub() {
  const events = [];
  const readers = new Set();
  const write = (response, i) => response.write(`id: e${i}\ndata: ${i}\n\n`);
  const server = createServer((request, response) => {
    response.writeHead(200, {'Content-Type': 'text/event-stream'}).write('retry: 20\n\n');
    const id = request.headers['last-event-id'];
    // as a hub does it: who comes without a place is told one
    if (id === undefined) response.write(`id: e${events.length - 1}\n\n`);
    else for (let i = Number(id.slice(1)) + 1; i < events.length; i++) write(response, i);
    readers.add(response);
    response.on('close', () => readers.delete(response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const made = {
    url: `http://127.0.0.1:${server.address().port}/topic`, readers,
    publish(count = 1) {
      for (; count > 0; count--) {
        events.push(0);
        for (const reader of readers) write(reader, events.length - 1);
      }
      return events.length;
    },
    cut: () => readers.forEach(reader => reader.destroy()),
    end() {
      server.close();
      server.closeAllConnections();
    },
  };
  open.push(made);
  return made;
}

/** What a browser keeps for its tabs: who holds which lock, and who waits for it. */
class Browser {
  #locks = new Map();
  tabs = [];

  /** @returns the tab, once it follows */
  async open(url, more = {}) {
    const worker = new Worker(new URL('tab.mjs', import.meta.url), {workerData: {url, look: LOOK, ...more}});
    const tab = {worker, events: [], gaps: 0, state: '', leads: false, opens: 0, frozen: null, gone: false};
    worker.on('message', message => this.#heard(tab, message));
    open.push({end: () => this.kill(tab)});
    this.tabs.push(tab);
    await until(() => tab.state === 'open' || tab.gone);
    return tab;
  }

  #heard(tab, message) {
    if ('event' in message) tab.events.push(message.event);
    else if (message.gap) tab.gaps++;
    else if (message.state) Object.assign(tab, message);
    else this.#lock(tab, message);
  }

  #lock(tab, {wish, withdraw, release, name, steal}) {
    const lock = this.#locks.get(name ?? this.#nameOf(tab, release)) ?? {holder: null, queue: []};
    if (wish) {
      this.#locks.set(name, lock);
      if (steal) {
        lock.holder?.tab.worker.postMessage({stolen: lock.holder.id});
        lock.holder = null;
        lock.queue.unshift({tab, id: wish});
      } else lock.queue.push({tab, id: wish});
    }
    if (withdraw) lock.queue = lock.queue.filter(it => it.tab !== tab || it.id !== withdraw);
    if (release && lock.holder?.tab === tab && lock.holder.id === release) lock.holder = null;
    this.#grant(lock);
  }

  #nameOf(tab, id) {
    return [...this.#locks].find(([, {holder}]) => holder?.tab === tab && holder.id === id)?.[0];
  }

  #grant(lock) {
    if (lock.holder || !lock.queue.length) return;
    lock.holder = lock.queue.shift();
    lock.holder.tab.worker.postMessage({grant: lock.holder.id});
  }

  leader() {
    return [...this.#locks.values()][0]?.holder?.tab;
  }

  /** As a crash: nothing of the tab's own runs. */
  async kill(tab) {
    if (tab.gone) return;
    tab.gone = true;
    await tab.worker.terminate();
    this.#left(tab);
  }

  async close(tab) {
    tab.gone = true;
    tab.worker.postMessage({close: true});
    await once(tab.worker, 'exit');
    this.#left(tab);
  }

  #left(tab) {
    for (const lock of this.#locks.values()) {
      lock.queue = lock.queue.filter(it => it.tab !== tab);
      if (lock.holder?.tab === tab) lock.holder = null;
      this.#grant(lock);
    }
  }

  /** The tab keeps its lock and its connection, and does nothing. */
  async freeze(tab) {
    const cell = tab.frozen = new Int32Array(new SharedArrayBuffer(4));
    tab.worker.postMessage({freeze: {cell}});
    await until(() => Atomics.load(cell, 0) === 1);
  }

  thaw(tab) {
    Atomics.store(tab.frozen, 0, 0);
    Atomics.notify(tab.frozen, 0);
    tab.frozen = null;
  }
}

async function until(condition, say = () => condition.toString()) {
  const limit = performance.now() + 60_000;
  while (!condition()) {
    assert.ok(performance.now() < limit, say());
    await new Promise(resolve => setTimeout(resolve, 3));
  }
}

const numbers = (from, to) => Array.from({length: to - from}, (_, i) => from + i);

/** Each tab has all events from its first to the last one of the hub, in order, once. */
async function haveAll(count, ...tabs) {
  for (const tab of tabs) {
    await until(() => tab.events.at(-1) === count - 1,
        () => `the last of ${count} did not come; the tab has ${tab.events.slice(-5)}, is ${tab.state}, leads: ${tab.leads}`);
    assert.deepEqual(tab.events, numbers(tab.events[0], count));
  }
}

async function three(more) {
  const server = await hub();
  const browser = new Browser();
  const tabs = [];
  for (let i = 0; i < 3; i++) tabs.push(await browser.open(server.url, more));
  await haveAll(server.publish(2), ...tabs);
  return {server, browser, tabs};
}

test('tabs share one connection', async () => {
  const {server, tabs} = await three();
  assert.equal(server.readers.size, 1);
  assert.deepEqual(tabs.map(tab => tab.leads), [true, false, false]);
});

for (const way of ['close', 'kill']) {
  test(`nothing is lost or comes twice when the leading tab goes by ${way}`, async () => {
    const {server, browser, tabs: [first, ...others]} = await three();
    server.publish(50);
    const gone = browser[way](first);
    server.publish(50);
    await gone;
    await haveAll(server.publish(50), ...others);
    assert.equal(server.readers.size, 1);
  });
}

test('a frozen leader starves nobody, and has all once it wakes', async () => {
  const {server, browser, tabs: [first, ...others]} = await three();
  await browser.freeze(first);
  await haveAll(server.publish(100), ...others);
  assert.notEqual(browser.leader(), first);
  browser.thaw(first);
  await haveAll(server.publish(100), first, ...others);
  await until(() => server.readers.size === 1);
});

test('a leader that slept through more than anyone remembers comes to all of it', async () => {
  const {server, browser, tabs: [first, ...others]} = await three();
  await browser.freeze(first);
  await haveAll(server.publish(1), ...others);
  await haveAll(server.publish(5000), ...others);
  browser.thaw(first);
  await haveAll(server.publish(1), first, ...others);
  await until(() => server.readers.size === 1);
});

test('a frozen tab that gets the lead is passed over', async () => {
  const {server, browser, tabs: [first, second, third]} = await three();
  await browser.freeze(second);
  await browser.kill(first);
  await haveAll(server.publish(100), third);
  browser.thaw(second);
  await haveAll(server.publish(1), second, third);
});

test('a tab that comes later and wants all of it gets all of it', async () => {
  const {server, browser, tabs} = await three();
  await haveAll(server.publish(20), ...tabs);
  const late = await browser.open(server.url, {lastEventId: 'e-1'});
  await haveAll(server.publish(20), late);
  assert.equal(late.events[0], 0);
  await until(() => server.readers.size === 1, () => 'it goes on with a connection of its own');
});

test('what is published while nobody is connected comes to all tabs', async () => {
  const {server, tabs} = await three();
  server.cut();
  await haveAll(server.publish(10), ...tabs);
});

test('whatever happens to tabs, each that lives has everything once', async () => {
  let seed = Number(process.env.SEED ?? Date.now() % 1e9);
  const say = `SEED=${seed}`;
  const random = n => (seed = (seed * 48271 + 11) % 2147483647) % n;
  const server = await hub();
  const browser = new Browser();
  for (let i = 0; i < 3; i++) await browser.open(server.url);
  for (let step = 0; step < 40; step++) {
    const alive = browser.tabs.filter(tab => !tab.gone);
    const awake = alive.filter(tab => !tab.frozen && tab.state);
    const asleep = alive.filter(tab => tab.frozen);
    const any = awake[random(awake.length)];
    server.publish(random(30));
    switch (random(7)) {
      case 0: if (awake.length > 1) await browser.kill(any); break;
      case 1: if (awake.length > 1) await browser.close(any); break;
      case 2: if (awake.length > 1) await browser.freeze(any); break;
      case 3: if (asleep.length) browser.thaw(asleep[random(asleep.length)]); break;
      case 4: if (alive.length < 5) browser.open(server.url); break;
      case 5: server.cut(); break;
      default: await until(() => any.state === 'open').then(() => haveAll(server.publish(1), any)).catch(failure => assert.fail(`${say}: ${failure.message}`));
    }
  }
  const alive = browser.tabs.filter(tab => !tab.gone);
  for (const tab of alive) if (tab.frozen) browser.thaw(tab);
  await until(() => alive.every(tab => tab.state === 'open'));
  await haveAll(server.publish(1), ...alive).catch(failure => assert.fail(`${say}: ${failure.message}`));
  await until(() => server.readers.size === 1, () => `${say}: ${server.readers.size} connections`);
});
