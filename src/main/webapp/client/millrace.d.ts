/** An event of a stream. */
export interface StreamEvent {
  /** `message` where the server names none. */
  readonly type: string;
  readonly data: string;
  /** The id of this event, or of the last one before it that had one. */
  readonly lastEventId: string;
}

/**
 * `connecting` → `open` → `waiting` (lost, comes back by itself) → `connecting` …, and at the end one of
 * - `ended`: the server said that this was all (204), or `until` was true
 * - `refused`: an answer that waiting does not change (403, 404, a page instead of a stream …)
 * - `lost`: the answer to a POST broke off, and it is no run that could be asked for
 * - `closed`: by `close()`
 */
export type State = 'connecting' | 'open' | 'waiting' | 'ended' | 'refused' | 'lost' | 'closed';

/** How a stream ended. */
export interface End {
  readonly state: State;
  /** Of the last answer; 0 where none came. */
  readonly status?: number;
  /** What a refusal said. */
  readonly body?: string;
  /** Milliseconds that the server asks to wait before another attempt; 0 where it does not say. */
  readonly retryAfter?: number;
}

export type HeaderSource = Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);

export interface StreamOptions {
  onEvent?(event: StreamEvent, stream: Stream): void;
  /**
   * The server no longer holds what followed our place: called once for each such gap, in each tab. What the page shows
   * is to be loaded anew; `load` does it in the right order.
   */
  onGap?(event: StreamEvent, stream: Stream): void;
  onState?(state: State, more: Partial<End>, stream: Stream): void;
  /** At each heartbeat. Heartbeats are comments, which nobody sees who does not ask. */
  onHeartbeat?(stream: Stream): void;
  /**
   * Position first, then state: called once the stream is open and after each gap, to fetch and show the state that the
   * events change. Events wait until it is done. Where it fails it is called again, after a while.
   */
  load?(stream: Stream): unknown;
  /** Whether that event is the last, so that nobody has to ask the server: `({data}) => data === '[DONE]'`. */
  until?(event: StreamEvent, stream: Stream): unknown;
  /** Goes on after this event. `''` begins at the first one that is held, `'earliest'` asks a hub for all it has. */
  lastEventId?: string;
  /**
   * One connection for all tabs that follow the same address (or that give it the same name). Off unless asked for, but on
   * for `topic` without headers. What tabs share they may all see: give users of different rights different names.
   */
  share?: boolean | string;
  /** Asked for anew with each connection, where it is a function. */
  headers?: HeaderSource;
  /** Sends cookies to another origin too. */
  withCredentials?: boolean;
  /** Milliseconds of silence after which a line counts as dead; learned from the heartbeats unless it is given. */
  silence?: number;
  /** How often a tab looks whether the tab that leads answers, in milliseconds; after three without an answer it leads. */
  look?: number;
  fetch?: typeof fetch;
}

/** A stream that is followed. Iterate over it, or use the callbacks. */
export class Stream implements AsyncIterable<StreamEvent> {
  constructor(url: string | URL, options?: StreamOptions & {method?: 'GET' | 'POST'; body?: BodyInit | null});
  readonly url: string;
  readonly state: State;
  /** Where it goes on; undefined before the first event. */
  readonly lastEventId: string | undefined;
  /** How often a connection was opened. */
  readonly opens: number;
  /** Whether this tab has the connection. */
  readonly leads: boolean;
  /** The address of the run that is the answer to a POST. */
  readonly run: string | undefined;
  readonly done: Promise<End>;
  /** Follows no more; what is followed may go on for others. */
  close(): void;
  /** Stops the run itself, for all who read it; resolves to the server's answer, or null where there is no run. */
  stop(): Promise<Response | null>;
  /** Ends with the stream; throws a `StreamError` where that was refused or lost. */
  [Symbol.asyncIterator](): AsyncIterableIterator<StreamEvent>;
}

export class StreamError extends Error implements End {
  readonly state: State;
  readonly status?: number;
  readonly body?: string;
  readonly retryAfter?: number;
}

/** Follows a stream or a run. */
export function follow(url: string | URL, options?: StreamOptions): Stream;

/** Follows topics of a hub (Mercure): exact ones, or URI templates. */
export function topic(hub: string | URL, topics: string | readonly string[], options?: StreamOptions): Stream;

/** Sends a POST, once, and follows its answer. Plain objects and arrays are sent as JSON. */
export function post(url: string | URL, body?: unknown, options?: StreamOptions): Stream;

/** In place of the browser's `EventSource`, which gives up at any error status. Takes the options of a stream too. */
export class EventSource extends EventTarget {
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSED: 2;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;
  constructor(url: string | URL, options?: EventSourceInit & StreamOptions);
  readonly url: string;
  readonly readyState: number;
  readonly withCredentials: boolean;
  onopen: ((event: Event) => unknown) | null;
  onmessage: ((event: MessageEvent) => unknown) | null;
  onerror: ((event: Event) => unknown) | null;
  addEventListener(
    type: string, listener: (event: MessageEvent) => unknown, options?: boolean | AddEventListenerOptions): void;
  addEventListener(
    type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  close(): void;
}

export interface ChatTransportOptions {
  /** Where completions are asked for; `v1/chat/completions` beside the page unless it is given. */
  api?: string | URL;
  model?: string;
  headers?: HeaderSource;
  /** Where the address of an answer is kept, for a reload; the session's storage unless it is given. */
  storage?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null;
  /** Makes the request's body of the messages. */
  prepare?(messages: any[]): object;
  fetch?: typeof fetch;
}

/**
 * A `ChatTransport` of the AI SDK: `useChat({transport: new ChatTransport({api, model}), resume: true})`. Its methods give
 * streams of the SDK's `UIMessageChunk`, of which this package does not depend.
 */
export class ChatTransport {
  constructor(options?: ChatTransportOptions);
  sendMessages(options: {
    chatId: string; messages: any[]; abortSignal?: AbortSignal | undefined; headers?: any; body?: object | undefined;
  }): Promise<ReadableStream<any>>;
  reconnectToStream(options: {chatId: string}): Promise<ReadableStream<any> | null>;
}

/** The parser alone: bytes of a `text/event-stream`, in any slices, to events. */
export class EventStreamParser {
  constructor(lastEventId?: string);
  /** The id of the last block, also of one without data. */
  readonly lastEventId: string;
  /** The time to wait that the server asked for, in milliseconds. */
  readonly retry: number | null;
  /** How many comments came. */
  readonly comments: number;
  /** Takes the next bytes and returns the events that they completed. */
  feed(bytes: Uint8Array): StreamEvent[];
}
