import {chatPanel} from './chat-panel.js';
import {codeTabs} from './code-tabs.js';
import {connectionsPanel} from './connections-panel.js';
import {docsPanel} from './docs-panel.js';
import {hubPanel} from './hub-panel.js';
import {livePanel} from './live-panel.js';
import {streamsPanel} from './streams-panel.js';
import {terminal} from './terminal.js';

const demo = document.documentElement.dataset.demo === 'true';

const chat = chatPanel({demo, tab: tab('chat')});
hubPanel({demo, tab: tab('hub')});
livePanel({demo, tab: tab('live')});
streamsPanel({demo, tab: tab('streams')});
connectionsPanel({demo});
docsPanel();
codeTabs();

terminal();

// the fourth use is shown by a question, whose answer is reasoned about first
document.getElementById('ask-reasoning').addEventListener('click', () => chat?.showReasoning());

/** The panel's place in the bar on top, where its connection can always be seen. */
function tab(panel) {
  const link = document.getElementById(`${panel}-tab`);
  return (state, text) => {
    link.dataset.state = state;
    link.querySelector('.state').textContent = text;
  };
}
