/** Pages of Markdown, cut into sections at their headings, and a search over them. */

/** The anchor of a heading, as GitHub makes it. */
export function slug(heading) {
  return heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-');
}

/** [{page, anchor, heading, text}] of one page; its first section is the page itself and has no anchor. */
export function sectionsOf(page, markdown) {
  const sections = [{page, anchor: '', heading: page, text: ''}];
  let fenced = false;
  for (const line of markdown.split('\n')) {
    if (/^(```|~~~)/.test(line)) fenced = !fenced;
    const heading = !fenced && /^(#{1,4}) +(.*)$/.exec(line);
    if (!heading) sections.at(-1).text += line + '\n';
    else if (heading[1] === '#') sections.at(-1).heading = plain(heading[2]);
    else sections.push({page, anchor: slug(plain(heading[2])), heading: plain(heading[2]), text: ''});
  }
  return sections;
}

/** The sections that have all words of the question, best first: a word in the heading counts for ten in the text. */
export function search(sections, question, most = 12) {
  const words = question.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const found = [];
  for (const section of sections) {
    const heading = section.heading.toLowerCase();
    const text = section.text.toLowerCase();
    let score = 0;
    for (const word of words) {
      const inText = Math.min(5, text.split(word).length - 1);
      const inHeading = heading.includes(word) ? 10 : 0;
      if (!inText && !inHeading) {
        score = 0;
        break;
      }
      score += inText + inHeading;
    }
    if (score) found.push({section, score, excerpt: excerpt(section.text, words[0])});
  }
  return found.sort((a, b) => b.score - a.score).slice(0, most);
}

function excerpt(text, word) {
  const flat = plain(text.replace(/\s+/g, ' '));
  const at = Math.max(0, flat.toLowerCase().indexOf(word) - 40);
  return (at > 0 ? '…' : '') + flat.slice(at, at + 140).trim() + (flat.length > at + 140 ? '…' : '');
}

function plain(markdown) {
  return markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*|]/g, '').trim();
}
