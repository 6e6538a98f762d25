<%@ page contentType="text/html;charset=UTF-8" session="false" trimDirectiveWhitespaces="true" %>
<%@ taglib prefix="page" uri="/WEB-INF/page.tld" %>
<!doctype html>
<html lang="en" data-demo="${page:text(demo)}">
<head>
  <meta charset="utf-8">
  <title>Millrace: live streams from a servlet container</title>
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="description" content="Server-Sent Events from any Jakarta Servlet container: streams, hub and chat, live on one page.">
  <link rel="icon" href="page/mark.svg" type="image/svg+xml">
  <link rel="stylesheet" href="page/lib/uPlot.min.css">
  <link rel="stylesheet" href="page/page.css">
  <script type="module" src="page/main.js"></script>
</head>
<body>
<a class="skip" href="#streams">Skip to the streams</a>

<header class="bar">
  <a class="brand" href="#top"><img src="page/mark.svg" alt="" width="26" height="26"><span>Millrace</span></a>
  <nav aria-label="Panels">
    <a href="#chat" id="chat-tab" data-state="idle"><b>Chat</b><span class="state">idle</span></a>
    <a href="#hub" id="hub-tab" data-state="idle"><b>Hub</b><span class="state">idle</span></a>
    <a href="#live" id="live-tab" data-state="idle"><b>Live</b><span class="state">idle</span></a>
    <a href="#streams" id="streams-tab" data-state="idle"><b>Streams</b><span class="state">idle</span></a>
    <a href="#docs" class="plain">Docs</a>
  </nav>
</header>

<main id="top">
  <div class="hero">
    <div>
      <h1>Live streams from the servlet container you already run.</h1>
      <p>Millrace is one plain WAR that speaks Server-Sent Events. Ordinary blocking Java writes the events; a lost
        connection goes on where it was, with nothing missing. Everything below is live: try to break it.</p>
      <p class="links"><a href="#docs">Read the docs</a> <a href="#connections">See the connections</a></p>
    </div>
    <div class="card terminal" data-state="idle">
      <h2>The same in your terminal <button type="button" class="link" id="terminal-again">Run again</button></h2>
      <pre><i>$ </i>curl -N -X POST \
    <span id="curl-url">http://127.0.0.1:8080/sse/v1</span></pre>
      <pre class="output" id="terminal-output" tabindex="0" role="region" aria-label="What it prints"></pre>
    </div>
  </div>

  <ul class="uses">
    <li><a href="#chat"><b>Streamed answers</b> A model’s words as they come. Reload in the middle: the answer goes on.</a></li>
    <li><a href="#hub"><b>Notifications</b> Publish here or with curl. Who was away gets what was missed.</a></li>
    <li><a href="#live"><b>Live data</b> This server’s own figures, charted as they are measured.</a></li>
    <li><a href="#chat" id="ask-reasoning"><b>Reasoning shown</b> Ask, and watch a model think before it answers.</a></li>
  </ul>

  <p class="notice" id="no-demo">
    <b>Demo mode is off,</b> so hub, chat and the cutting of connections are not open to this page. Start with
    <code>mvn -Prun</code>, or set <code>millrace.demo=true</code> (system property, or <code>MILLRACE_DEMO=true</code> in the
    environment) and open the page on the machine that serves it, by <code>http://localhost</code>.
  </p>
  <noscript><p class="notice">This page shows live connections, and needs JavaScript for it. The streams themselves do not:
    <code>curl -N -X POST …/sse/v1</code></p></noscript>

  <section class="panel" id="chat" aria-labelledby="chat-title">
    <div class="head">
      <h2 id="chat-title">Answers</h2>
      <p>Tokens of any OpenAI-compatible model, or of the built-in guide that works offline. Reload this page in the
        middle of an answer, or open it in a second tab: the answer goes on in both.</p>
    </div>

    <p class="notice off">Off: without demo mode, asking a model needs a key, a token or a login.</p>
    <div class="card chat">
      <div class="chat-bar">
        <label>Model <select id="chat-model"></select></label>
        <dl class="figures small">
          <div><dt>tokens</dt><dd id="chat-tokens">–</dd></div>
          <div><dt>per second</dt><dd id="chat-rate">–</dd></div>
          <div><dt>first token</dt><dd id="chat-first">–</dd></div>
        </dl>
        <button type="button" class="quiet" id="chat-clear">New conversation</button>
      </div>
      <div class="turns" id="chat-turns" tabindex="0" role="log" aria-label="Conversation" aria-live="off">
        <div class="welcome" id="chat-welcome">
          <p>Ask about Millrace, for instance:</p>
          <div class="suggestions" id="chat-suggestions">
            <button type="button">What is Millrace?</button>
            <button type="button">How does a stream resume after a cut?</button>
            <button type="button">Show me a StreamServlet in Java.</button>
          </div>
        </div>
      </div>
      <p class="say" id="chat-say" role="status" data-state="idle"></p>
      <form class="composer" id="chat-form" autocomplete="off">
        <textarea id="chat-question" rows="1" aria-label="Your question" placeholder="Ask something" required></textarea>
        <button class="primary" type="submit" id="chat-send">Send</button>
        <button type="button" id="chat-stop" hidden>Stop</button>
      </form>
    </div>
    <div class="code" id="chat-code" data-label="Code for streamed answers">
<pre data-name="curl"><code>curl -N <span class="base">http://localhost:8080/</span>v1/chat/completions \
  -H 'Content-Type: application/json' \
  -d '{"model": "guide", "stream": true,
       "messages": [{"role": "user", "content": "What is Millrace?"}]}'</code></pre>
<pre data-name="JavaScript"><code>import {post} from './client/millrace.js';

// sent once; after a cut it goes on where it was
const answer = post('v1/chat/completions', {
  model: 'guide', stream: true,
  messages: [{role: 'user', content: 'What is Millrace?'}],
});
for await (const {data} of answer) {
  if (data === '[DONE]') break;
  const {delta} = JSON.parse(data).choices[0] ?? {};
  document.body.append(delta?.reasoning_content ?? delta?.content ?? '');
}</code></pre>
<pre data-name="React"><code>import {useChat} from '@ai-sdk/react';
import {ChatTransport} from 'millrace';

const transport = new ChatTransport({api: '/v1/chat/completions', model: 'guide'});

export function Chat() {
  const {messages, sendMessage, stop} = useChat({transport, resume: true});
  return &lt;&gt;
    {messages.map(({id, parts}) =&gt; &lt;p key={id}&gt;{parts.map(part =&gt; part.text)}&lt;/p&gt;)}
    &lt;button onClick={() =&gt; sendMessage({text: 'What is Millrace?'})}&gt;Ask&lt;/button&gt;
    &lt;button onClick={stop}&gt;Stop&lt;/button&gt;
  &lt;/&gt;;
}</code></pre>
<pre data-name="Java servlet"><code>@WebServlet(urlPatterns = "/answer", asyncSupported = true)
public class Answer extends StreamServlet {
    @Override
    protected StreamOptions options(StreamOptions standard) {
        return standard.asResumable(); // a reload goes on in mid-answer
    }

    @Override
    protected void stream(StreamRequest request, EventSink events) throws Exception {
        for (String word : "any blocking source of words".split(" ")) {
            events.send(word); // waits while the client is slow
        }
    }
}</code></pre>
    </div>
  </section>

  <section class="panel" id="hub" aria-labelledby="hub-title">
    <div class="head">
      <h2 id="hub-title">Notifications</h2>
      <p>Publish to a topic, and everyone who selected it has it at once. Who was away gets what was missed on the way
        back: the history is on disk before a publish is acknowledged.</p>
    </div>

    <p class="notice off">Off: demo mode gives this page the tokens that publishing and subscribing need.</p>
    <form class="controls" id="hub-form" autocomplete="off">
      <label class="grow">Topic <input id="hub-topic" list="hub-topics" value="demo/orders/1" required></label>
      <datalist id="hub-topics"><option value="demo/orders/1"><option value="demo/orders/2"><option value="demo/news"></datalist>
      <label class="grow2">Data <input id="hub-data" value="Order 1 is on its way" required></label>
      <label class="check"><input id="hub-private" type="checkbox"> private</label>
      <button class="primary" type="submit">Publish</button>
    </form>
    <div class="controls">
      <button type="button" id="hub-scene">Cut, publish three meanwhile, watch</button>
      <button type="button" id="hub-cut">Cut the connections</button>
      <span class="hint">The panes reconnect by themselves after about two seconds.</span>
    </div>
    <p class="say" id="hub-say" role="status" data-state="idle">Connecting the two panes.</p>

    <div class="two" id="hub-panes"></div>

    <div class="card presence">
      <h3 id="hub-presence-title">Who is there <small id="hub-presence-count"></small></h3>
      <ul id="hub-presence" aria-labelledby="hub-presence-title"></ul>
    </div>
    <div class="code" id="hub-code" data-label="Code for notifications">
<pre data-name="curl"><code># follow, in one terminal
curl -N '<span class="base">http://localhost:8080/</span>.well-known/mercure?topic=demo/orders/1'

# publish, in another
curl -d topic=demo/orders/1 -d 'data=Order 1 is on its way' \
  <span class="base">http://localhost:8080/</span>.well-known/mercure</code></pre>
<pre data-name="JavaScript"><code>import {topic} from './client/millrace.js';

// one connection for all tabs; what was missed comes first
topic('.well-known/mercure', 'demo/orders/{id}', {
  onEvent: ({data}) =&gt; document.body.append(data),
  onGap: () =&gt; location.reload(), // the history no longer reaches back so far
});</code></pre>
<pre data-name="Publish from Java"><code>HttpClient http = HttpClient.newHttpClient();
String form = "topic=" + URLEncoder.encode("demo/orders/1", StandardCharsets.UTF_8)
        + "&amp;data=" + URLEncoder.encode("Order 1 is on its way", StandardCharsets.UTF_8);
HttpResponse&lt;String&gt; published = http.send(
        HttpRequest.newBuilder(URI.create("<span class="base">http://localhost:8080/</span>.well-known/mercure"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                // outside demo mode: .header("Authorization", "Bearer " + token)
                .POST(HttpRequest.BodyPublishers.ofString(form))
                .build(),
        HttpResponse.BodyHandlers.ofString());
// 200: on disk, and handed to all subscribers; the body is the update's id</code></pre>
    </div>
  </section>

  <section class="panel" id="live" aria-labelledby="live-title">
    <div class="head">
      <h2 id="live-title">Live data</h2>
      <p>This server measures itself once a second and streams it here, charted over the last two minutes. What you do on
        this page shows.</p>
    </div>
    <p class="notice off">Off: the figures of a server are shown in demo mode alone.</p>
    <p class="say" id="live-say" role="status" data-state="idle"></p>
    <div class="cards">
      <div class="card figure" id="live-streams">
        <h3>Streams open</h3>
        <dl class="figures small"><div><dt>now</dt><dd>–</dd></div></dl>
        <div class="chart" role="img" aria-label="Chart of the last two minutes: streams open"></div>
      </div>
      <div class="card figure" id="live-events">
        <h3>Events a second</h3>
        <dl class="figures small"><div><dt>in</dt><dd>–</dd></div><div><dt>out</dt><dd>–</dd></div></dl>
        <div class="chart" role="img" aria-label="Chart of the last two minutes: events a second"></div>
      </div>
      <div class="card figure" id="live-latency">
        <h3>Time to deliver</h3>
        <dl class="figures small"><div><dt>to here</dt><dd>–</dd></div><div><dt>publish</dt><dd>–</dd></div></dl>
        <div class="chart" role="img" aria-label="Chart of the last two minutes: time to deliver"></div>
      </div>
      <div class="card figure" id="live-bytes">
        <h3>Sent a second</h3>
        <dl class="figures small"><div><dt>bytes</dt><dd>–</dd></div></dl>
        <div class="chart" role="img" aria-label="Chart of the last two minutes: bytes sent a second"></div>
      </div>
      <div class="card figure" id="live-memory">
        <h3>Heap</h3>
        <dl class="figures small"><div><dt>used</dt><dd>–</dd></div></dl>
        <div class="chart" role="img" aria-label="Chart of the last two minutes: heap"></div>
      </div>
      <div class="card figure" id="live-cpu">
        <h3>CPU</h3>
        <dl class="figures small"><div><dt>of the machine</dt><dd>–</dd></div></dl>
        <div class="chart" role="img" aria-label="Chart of the last two minutes: cpu"></div>
      </div>
    </div>
    <dl class="figures further">
      <div><dt>Slowest reader behind by</dt><dd id="live-lag">–</dd></div>
      <div><dt>History</dt><dd id="live-history">–</dd></div>
      <div><dt>Held in memory</dt><dd id="live-held">–</dd></div>
      <div><dt>Runs</dt><dd id="live-runs">–</dd></div>
      <div><dt>Tokens a second</dt><dd id="live-tokens">–</dd></div>
      <div><dt>Collecting garbage</dt><dd id="live-gc">–</dd></div>
    </dl>
    <div class="card">
      <h3>A ticker, conflated <small>made-up prices</small></h3>
      <table class="prices"><thead><tr><th scope="col">Share</th><th scope="col">Price</th></tr></thead>
        <tbody id="live-prices"></tbody></table>
      <div class="ticker-foot">
        <label>An event every <select id="live-every"><option value="20">20 ms</option>
          <option value="250" selected>250 ms</option><option value="2000">2 s</option></select></label>
        <p class="foot" id="live-conflated">A thousand changes a second; a client gets the newest of each price, however slow it is.</p>
      </div>
    </div>
    <div class="code" id="live-code" data-label="Code for live data">
<pre data-name="curl"><code>curl -N <span class="base">http://localhost:8080/</span>demo/figures</code></pre>
<pre data-name="JavaScript"><code>import {follow} from './client/millrace.js';

follow('demo/figures', {
  onEvent({type, data}) {
    // first what was kept, then one measurement a second
    const samples = type === 'kept' ? JSON.parse(data) : [JSON.parse(data)];
    console.table(samples);
  },
});</code></pre>
<pre data-name="Java servlet"><code>/** Prices, conflated: between two events only the newest of each is kept. */
@WebServlet(urlPatterns = "/prices", asyncSupported = true)
public class Prices extends StreamServlet {
    private final Map&lt;String, Double&gt; newest = new ConcurrentHashMap&lt;&gt;(); // the market writes here

    @Override
    protected void stream(StreamRequest request, EventSink events) throws Exception {
        Map&lt;String, Double&gt; sent = Map.of();
        while (true) {
            Map&lt;String, Double&gt; now = Map.copyOf(newest);
            for (var price : now.entrySet()) {
                if (!price.getValue().equals(sent.get(price.getKey()))) {
                    events.send(price.getKey() + " " + price.getValue()); // waits for a slow client
                }
            }
            sent = now;
            Thread.sleep(250);
        }
    }
}</code></pre>
    </div>
  </section>

  <section class="panel" id="streams" aria-labelledby="streams-title">
    <div class="head">
      <h2 id="streams-title">Streams</h2>
      <p>A Java method sends numbers in a loop; the browser receives them one by one. Cut the connection in the middle:
        the browser comes back by itself and the loop has lost nothing.</p>
    </div>

    <form class="controls" id="streams-form" autocomplete="off">
      <button class="primary" type="submit">Start</button>
      <button type="button" id="streams-cut" disabled>Cut the connection</button>
      <button type="button" id="streams-stop" disabled>Stop</button>
      <span class="gap"></span>
      <label>Events <input id="streams-n" type="number" min="1" max="10000" value="60" required></label>
      <label>every <input id="streams-interval" type="number" min="0" max="60000" value="250" required> ms</label>
      <button type="button" class="quiet" id="streams-post" title="The same stream as the answer to a POST, read with fetch">Start by POST</button>
    </form>
    <p class="say" id="streams-say" role="status" data-state="idle">Nothing runs yet.</p>

    <div class="card chart-card">
      <h3>Time between events <span class="unit">ms</span></h3>
      <div class="chart" id="streams-chart" role="img" aria-label="Chart of the time between events"></div>
    </div>

    <dl class="figures">
      <div><dt>Received</dt><dd id="streams-received">0</dd></div>
      <div data-good="0"><dt>Missing</dt><dd id="streams-missing">0</dd></div>
      <div data-good="0"><dt>Repeated</dt><dd id="streams-repeated">0</dd></div>
      <div><dt>Connections</dt><dd id="streams-opens">0</dd></div>
      <div><dt>Median gap</dt><dd id="streams-median">–</dd></div>
      <div class="wide"><dt>Last event id</dt><dd id="streams-last-id" class="mono">–</dd></div>
    </dl>

    <div class="two">
      <div class="card">
        <h3 id="streams-events-title">Events <small id="streams-via">by EventSource</small></h3>
        <ol class="log" id="streams-events" data-empty="Press Start." tabindex="0" aria-labelledby="streams-events-title"></ol>
      </div>
      <div class="card">
        <h3 id="streams-wire-title">On the wire <small id="streams-wire-via"></small>
          <label class="switch"><input type="checkbox" id="streams-hex"> hex</label></h3>
        <div class="log wire" id="streams-wire" data-empty="Requests, answers and bytes, as they come." tabindex="0" aria-labelledby="streams-wire-title"></div>
      </div>
    </div>
    <p class="foot">Each block is a piece of bytes as the network delivered it. A script cannot see the bytes that an
      EventSource reads, so beside one a second reader of the same run shows them.</p>
    <div class="code" id="streams-code" data-label="Code for a stream">
<pre data-name="Java servlet"><code>@WebServlet(urlPatterns = "/ten", asyncSupported = true)
public class Ten extends StreamServlet {
    @Override
    protected void stream(StreamRequest request, EventSink events) throws Exception {
        for (int i = 0; i &lt; 10; i++) {
            events.send(String.valueOf(i)); // waits while the client is slow
            Thread.sleep(100);              // is interrupted when the client is gone
        }
    }
}</code></pre>
<pre data-name="JavaScript"><code>import {post} from './client/millrace.js';

for await (const {data} of post('sse/v1', {n: 10})) {
  document.body.append(data);
}</code></pre>
<pre data-name="curl"><code>curl -N -X POST '<span class="base">http://localhost:8080/</span>sse/v1?n=10&amp;interval=100'</code></pre>
    </div>
  </section>

  <section class="panel" id="connections" aria-labelledby="connections-title">
    <div class="head">
      <h2 id="connections-title">Connections</h2>
      <p>The streams of this page, as its client module sees them. Cut the network, or the connections above, and watch them
        come back with their last event id.</p>
    </div>
    <div class="card scroll" tabindex="0" role="region" aria-label="Table of connections">
      <table class="connections">
        <thead><tr><th scope="col">Stream</th><th scope="col">State</th><th scope="col">Opened</th><th scope="col">Events</th>
          <th scope="col">Gaps</th><th scope="col">Heartbeats</th><th scope="col">Bytes</th><th scope="col">Heard</th><th scope="col">Last event id</th></tr></thead>
        <tbody id="connections-rows"></tbody>
      </table>
      <p class="foot" id="connections-none">None yet: they open when a panel comes into view.</p>
    </div>
    <p class="foot" id="connections-kinds"></p>
  </section>

  <section class="panel" id="docs" aria-labelledby="docs-title">
    <div class="head">
      <h2 id="docs-title">Docs</h2>
      <div class="search">
        <input id="docs-search" type="search" placeholder="Search the docs" aria-label="Search the docs">
        <p class="foot" id="docs-count" role="status"></p>
        <ol id="docs-found" aria-label="Found"></ol>
      </div>
    </div>
    <div class="docs">
      <nav aria-label="Pages of the docs"><ul id="docs-pages" data-names="${page:text(docs)}"></ul></nav>
      <div class="card markdown" id="docs-text" tabindex="0" role="region" aria-label="Page of the docs"></div>
    </div>
  </section>
</main>

<footer>
  <p>Served by ${page:text(servedBy)}. Every connection here is a plain servlet response; <a href="metrics">see the
    metrics</a>.</p>
</footer>

<template id="event-row">
  <li class="event"><span class="n"></span><span class="data"></span><span class="time"></span></li>
</template>
<template id="note-row">
  <li class="note"></li>
</template>
<template id="wire-line">
  <div class="line"><span class="what"></span><pre></pre></div>
</template>
<template id="hub-pane">
  <div class="card pane" data-state="idle">
    <form class="selector" autocomplete="off">
      <h3></h3>
      <select aria-label="How the selector is read">
        <option value="exact">exactly</option>
        <option value="template">URI template</option>
        <option value="pattern">URL pattern</option>
      </select>
      <input aria-label="Selector" required>
      <button type="submit">Follow</button>
    </form>
    <p class="pane-state"><span class="state">idle</span> <button type="button" class="link from-the-past">Ask for an id that is gone</button></p>
    <ol class="log" tabindex="0" aria-label="Updates" data-empty="Nothing published yet."></ol>
  </div>
</template>
<template id="price-row">
  <tr><th scope="row"></th><td class="price"></td></tr>
</template>
<template id="connection-row">
  <tr><th scope="row" class="name"></th><td class="state"></td><td class="opens"></td><td class="events"></td><td class="gaps"></td>
    <td class="heartbeats"></td><td class="bytes"></td><td class="heard"></td><td class="id"></td></tr>
</template>
<template id="turn">
  <article class="turn">
    <p class="question"></p>
    <div class="answer" data-state="waiting">
      <details class="reasoning" hidden><summary>Reasoning</summary><div class="text"></div></details>
      <div class="markdown"></div>
      <p class="outcome" hidden></p>
    </div>
  </article>
</template>
</body>
</html>
