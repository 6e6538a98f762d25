// What users write, for the compiler: that millrace.d.ts says what millrace.js does is seen by the names it exports.
import type {ChatTransport as Transport, UIMessage} from 'ai';
import * as millrace from 'millrace';
import {ChatTransport, EventSource, EventStreamParser, follow, post, Stream, StreamError, topic} from 'millrace';

const transport: Transport<UIMessage> = new ChatTransport({api: '/v1/chat/completions', model: 'm'});

const stream: Stream = topic('/.well-known/mercure', ['a/{b}'], {
  load: async () => {},
  onEvent: ({type, data, lastEventId}) => console.log(type.length + data.length + lastEventId.length),
  onGap: event => console.log(event.data),
  onState: (state, {status}) => console.log(state === 'open', status?.toFixed()),
  onHeartbeat: () => {},
  share: 'one',
  headers: async () => ({Authorization: 'Bearer x'}),
  until: ({data}) => data === '[DONE]',
});
follow(new URL('https://example.com/streams/x'), {lastEventId: '', silence: 45_000, withCredentials: true});

export async function ask(): Promise<string> {
  try {
    for await (const {data} of post('/ask', {question: '?'})) console.log(data);
  } catch (failure) {
    if (failure instanceof StreamError) return `${failure.state} ${failure.status} ${failure.retryAfter}`;
  }
  const {state} = await stream.done;
  await stream.stop();
  return state;
}

const source = new EventSource('/events', {withCredentials: true});
source.onmessage = ({data, lastEventId}) => console.log(data, lastEventId);
source.addEventListener('gap', event => console.log(event.data));
const native: globalThis.EventSource = source as globalThis.EventSource;
console.log(native.readyState === EventSource.OPEN, transport, new EventStreamParser('1').feed(new Uint8Array()).length);

// @ts-expect-error
follow('/events', {onEvnt: () => {}});
// @ts-expect-error
millrace.nothing;
