/** Bytes as a person can read them, without hiding any of them. */

const MARKS = new Map([['\n', '\\n'], ['\r', '\\r'], ['\0', '\\0'], ['\t', '\\t'], ['\uFEFF', '\\uFEFF']]);

/**
 * Text in pieces, so that line ends can be shown as marks and still break the line:
 * [{mark: boolean, text}], marks with the line break they stand for behind them.
 */
export function visible(text) {
  const pieces = [];
  for (const part of text.split(/(\r\n|[\n\r\0\t\uFEFF])/)) {
    if (part === '') continue;
    if (part === '\r\n' || MARKS.has(part)) {
      const signs = [...part].map(c => MARKS.get(c)).join('');
      pieces.push({mark: true, text: /[\r\n]/.test(part) ? signs + '\n' : signs});
    } else {
      pieces.push({mark: false, text: part});
    }
  }
  return pieces;
}

/** A hex dump, eight bytes a line, which fits a phone: "0000  64 61 74 61 3a 20 30 0a  data: 0·". */
export function hexDump(bytes) {
  const lines = [];
  for (let offset = 0; offset < bytes.length; offset += 8) {
    const row = bytes.subarray(offset, offset + 8);
    const hex = Array.from(row, b => b.toString(16).padStart(2, '0')).join(' ');
    const text = Array.from(row, b => (b >= 32 && b < 127 ? String.fromCharCode(b) : '·')).join('');
    lines.push(`${offset.toString(16).padStart(4, '0')}  ${hex.padEnd(23)}  ${text}`);
  }
  return lines.join('\n');
}

/** "1 byte", "2,048 bytes". */
export function byteCount(n) {
  return `${n.toLocaleString('en')} ${n === 1 ? 'byte' : 'bytes'}`;
}
