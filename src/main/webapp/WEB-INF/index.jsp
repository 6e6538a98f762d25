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
    <a href="#streams" id="streams-tab" data-state="idle"><b>Streams</b><span class="state">idle</span></a>
    <a href="#hub" id="hub-tab" data-state="idle"><b>Hub</b><span class="state">idle</span></a>
    <a href="#chat" id="chat-tab" data-state="idle"><b>Chat</b><span class="state">idle</span></a>
  </nav>
</header>

<main id="top">
  <div class="hero">
    <div>
      <h1>Live streams from the servlet container you already run.</h1>
      <p>Millrace is one plain WAR that speaks Server-Sent Events. Ordinary blocking Java writes the events; a lost
        connection goes on where it was, with nothing missing. Everything below is live: try to break it.</p>
    </div>
    <div class="card terminal">
      The same in your terminal
      <pre tabindex="0"><i>$ </i>curl -N -X POST \
  <span id="curl-url">http://127.0.0.1:8080/sse/v1</span></pre>
    </div>
  </div>

  <p class="notice" id="no-demo">
    <b>Demo mode is off,</b> so hub, chat and the cutting of connections are not open to this page. Start with
    <code>mvn -Prun</code>, or set <code>millrace.demo=true</code> (system property, or <code>MILLRACE_DEMO=true</code> in the
    environment) and open the page on the machine that serves it, by <code>http://localhost</code>.
  </p>
  <noscript><p class="notice">This page shows live connections, and needs JavaScript for it. The streams themselves do not:
    <code>curl -N -X POST …/sse/v1</code></p></noscript>

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
    <details class="code">
      <summary>The Java behind such a stream</summary>
<pre><code>public final class Ten extends StreamServlet {
    @Override
    protected void stream(StreamRequest request, EventSink events) throws Exception {
        for (int i = 0; i &lt; 10; i++) {
            events.send(String.valueOf(i));   // waits while the client is slow
            Thread.sleep(100);                // is interrupted when the client is gone
        }
    }
}</code></pre>
    </details>
  </section>

  <section class="panel" id="hub" aria-labelledby="hub-title">
    <div class="head">
      <h2 id="hub-title">Hub</h2>
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
  </section>

  <section class="panel" id="chat" aria-labelledby="chat-title">
    <div class="head">
      <h2 id="chat-title">Chat</h2>
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
