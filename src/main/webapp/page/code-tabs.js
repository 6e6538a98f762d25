/**
 * Code in several languages, one at a time, with a button that copies it. Each `pre` of a `.code` element is a tab, named by
 * its `data-name`. Without a script all of them are seen.
 */
export function codeTabs() {
  for (const block of document.querySelectorAll('.code')) {
    const pieces = [...block.querySelectorAll('pre')];
    const list = document.createElement('div');
    list.className = 'code-bar';
    const tabs = document.createElement('div');
    tabs.setAttribute('role', 'tablist');
    tabs.setAttribute('aria-label', block.dataset.label);
    const copy = document.createElement('button');
    copy.type = 'button';
    copy.className = 'quiet';
    copy.textContent = 'Copy';
    list.append(tabs, copy);
    block.prepend(list);
    for (const place of block.querySelectorAll('.base')) place.textContent = new URL('.', document.baseURI).href;
    const buttons = pieces.map((piece, i) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.setAttribute('role', 'tab');
      button.textContent = piece.dataset.name;
      button.id = `${block.id}-tab-${i}`;
      piece.id = `${block.id}-code-${i}`;
      piece.tabIndex = 0;
      piece.setAttribute('role', 'tabpanel');
      piece.setAttribute('aria-labelledby', button.id);
      button.setAttribute('aria-controls', piece.id);
      button.addEventListener('click', () => choose(i));
      tabs.append(button);
      return button;
    });
    let chosen = 0;
    const choose = (i, focus = false) => {
      chosen = i;
      buttons.forEach((button, j) => {
        button.setAttribute('aria-selected', j === i);
        button.tabIndex = j === i ? 0 : -1;
        pieces[j].hidden = j !== i;
      });
      if (focus) buttons[i].focus();
    };
    tabs.addEventListener('keydown', event => {
      const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (step) choose((chosen + step + buttons.length) % buttons.length, true);
    });
    copy.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(pieces[chosen].textContent);
        copy.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(pieces[chosen]); // where the browser does not allow it: a key away
        copy.textContent = 'Selected';
      }
      setTimeout(() => copy.textContent = 'Copy', 1500);
    });
    choose(0);
  }
}
