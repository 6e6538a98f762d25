import {connections} from './connections.js';

/** The terminal on top of the page: what the curl command that it shows would print, from a stream of this server. */
export function terminal() {
  const url = new URL('sse/v1', document.baseURI);
  const card = document.querySelector('.terminal');
  const output = document.getElementById('terminal-output');
  let stream = null;
  document.getElementById('curl-url').textContent = url.href;
  document.getElementById('terminal-again').addEventListener('click', run);
  run();

  function run() {
    stream?.close();
    output.replaceChildren();
    stream = connections.follow('terminal', url, {
      onEvent({data, lastEventId}) {
        const text = document.createElement('b');
        text.textContent = `data: ${data}\n\n`;
        output.append(`id: ${lastEventId}\n`, text);
        output.scrollTop = output.scrollHeight;
      },
      onState: state => card.dataset.state = state,
    });
  }
}
