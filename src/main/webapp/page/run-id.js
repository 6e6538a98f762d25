/**
 * The id of an event of a run is "<run>-<position>": it is how a page that only has an EventSource, which shows no
 * headers, knows which run it reads.
 *
 * @returns {{run: string, position: number} | null} null for an id that is none of a run
 */
export function parseRunId(lastEventId) {
  const match = /^([A-Za-z0-9_-]{22,})-(\d{1,15})$/.exec(lastEventId);
  return match ? {run: match[1], position: Number(match[2])} : null;
}
