// A browser's tab, as far as millrace.js can tell: a thread with a memory of its own. Web Locks are kept by the main thread.
import {parentPort, workerData} from 'node:worker_threads';
import {follow} from '../../main/webapp/client/millrace.js';

const wishes = new Map();
let wished = 0;

const locks = {
  request(name, {steal = false, signal}, granted) {
    const id = ++wished;
    return new Promise((resolve, reject) => {
      wishes.set(id, {granted, resolve, reject});
      signal?.addEventListener('abort', () => {
        parentPort.postMessage({withdraw: id, name});
        reject(new DOMException('withdrawn', 'AbortError'));
      });
      parentPort.postMessage({wish: id, name, steal});
    });
  },
};
Object.defineProperty(globalThis, 'navigator', {value: {locks}, configurable: true});

const stream = follow(workerData.url, {
  share: true, look: workerData.look, silence: 60_000,
  ...workerData.lastEventId !== undefined && {lastEventId: workerData.lastEventId},
  onEvent: ({data}) => parentPort.postMessage({event: Number(data)}),
  onGap: () => parentPort.postMessage({gap: true}),
  onState: state => parentPort.postMessage({state, leads: stream.leads, opens: stream.opens}),
});

parentPort.on('message', async message => {
  if (message.grant) {
    const wish = wishes.get(message.grant);
    await wish.granted();
    parentPort.postMessage({release: message.grant});
    wish.resolve();
  } else if (message.stolen) wishes.get(message.stolen)?.reject(new DOMException('stolen', 'AbortError'));
  else if (message.close) {
    stream.close();
    parentPort.close();
  } else if (message.freeze) {
    const {cell} = message.freeze;
    Atomics.store(cell, 0, 1);
    Atomics.notify(cell, 0);
    Atomics.wait(cell, 0, 1); // no turn of this thread's loop until it is woken
  }
});
