import {streamsPanel} from './streams-panel.js';
import {hubPanel} from './hub-panel.js';
import {chatPanel} from './chat-panel.js';

const demo = document.documentElement.dataset.demo === 'true';

streamsPanel({demo, tab: tab('streams')});
hubPanel({demo, tab: tab('hub')});
chatPanel({demo, tab: tab('chat')});

document.getElementById('curl-url').textContent = new URL('sse/v1', document.baseURI).href;

/** The panel's place in the bar on top, where its connection can always be seen. */
function tab(panel) {
  const link = document.getElementById(`${panel}-tab`);
  return (state, text) => {
    link.dataset.state = state;
    link.querySelector('.state').textContent = text;
  };
}
