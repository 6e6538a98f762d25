// Follows a stream with the package `eventsource`, which reconnects by itself and sends the last event id.
import { EventSource } from 'eventsource';

const url = `${process.argv[2] ?? 'http://127.0.0.1:8080'}/sse/v1`;
const source = new EventSource(url);
source.onmessage = (event) => console.log(event.lastEventId, event.data);
source.onerror = (event) => {
  // 204 after the last event: the server says that nothing more will come
  if (event.code === 204) {
    source.close();
    console.log('the end');
  }
};
