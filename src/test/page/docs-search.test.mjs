import assert from 'node:assert/strict';
import {test} from 'node:test';
import {search, sectionsOf, slug} from '../../main/webapp/page/docs-search.js';

const PAGE = `# The hub

Publish and [subscribe](hub.md).

## Who is there

Presence, told live.

\`\`\`
# no heading: a comment in code
\`\`\`

## Cursors that the hub makes

A cursor is told with presence.
`;

const sections = sectionsOf('hub', PAGE);

test('a page is cut at its headings, not at comments in code', () => {
  assert.deepEqual(sections.map(({anchor, heading}) => [anchor, heading]), [
    ['', 'The hub'], ['who-is-there', 'Who is there'], ['cursors-that-the-hub-makes', 'Cursors that the hub makes'],
  ]);
});

test('anchors are those of GitHub', () => {
  assert.equal(slug('When something is lost: `gap`'), 'when-something-is-lost-gap');
});

test('all words are wanted, and a heading counts for more', () => {
  assert.deepEqual(search(sections, 'presence').map(({section}) => section.heading), ['Who is there', 'Cursors that the hub makes']);
  assert.deepEqual(search(sections, 'CURSOR presence').map(({section}) => section.anchor), ['cursors-that-the-hub-makes']);
  assert.deepEqual(search(sections, 'presence unheard-of'), []);
  assert.deepEqual(search(sections, '  '), []);
});

test('an excerpt is plain text around the first word', () => {
  assert.equal(search(sections, 'subscribe')[0].excerpt, 'Publish and subscribe.');
});
