// Writes the expected results for UrlParserTest and UrlPatternTest: what JavaScript's own URL and URLPattern say, and
// urlpattern-polyfill where it differs. The cases come from a seeded generator, so the file only changes with this
// script or with the engines. Needs Node 24 or newer and the npm package urlpattern-polyfill (10.1.0 was used):
//
//   node url-cases.mjs > ../../resources/millrace/topic/url-cases.json
import { createRequire } from "node:module";

const polyfillPath = createRequire(process.cwd() + "/").resolve("urlpattern-polyfill");
const native = globalThis.URLPattern;
globalThis.URLPattern = class {}; // keeps the polyfill from leaving its place to the engine
const { URLPattern: Polyfill } = await import(polyfillPath);

const base = "https://hub.example:8443/app/.well-known/mercure";

let seed = 20261122;
function random(bound) {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return (seed >>> 8) % bound;
}
const pick = (list) => list[random(list.length)];
const some = (list, most) => Array.from({ length: random(most + 1) }, () => pick(list)).join("");

const fixedUrls = [
  "", ".", "..", "./", "../..", "/", "//", "///", "/.", "/..", "/a/../b", "/a/./b", "/a/%2e%2e/b", "/a/%2E/b", "a", "a/b",
  "?q", "#f", "?", "#", "a?b#c", "\\a\\b", "\\\\host\\x", "/\\host/x", "http:a", "https:a", "https:/a", "https://", "https:///a",
  "https:\\\\host\\a", "http://a:b@c:80/d?e#f", "http://a@b@c/", "http://:@c/", "http://@/", "http://@c/", "http://a:b:c@d/",
  "http://EXAMPLE.com", "http://example.com:80", "https://example.com:443", "https://example.com:0", "https://example.com:65536",
  "https://example.com:8a", "https://example.com:", "http://exa mple.com", "http://exa%20mple.com", "http://ex%41mple.com",
  "http://a<b", "http://a^b", "http://a|b", "http://[::1]", "http://[::1", "http://[1:2:3:4:5:6:7:8]/", "http://[1::8]:81/",
  "http://[::1.2.3.4]", "http://[1:2:3:4:5:6:1.2.3.4]", "http://[1:2:3:4:5:6:7:1.2.3.4]", "http://[::1.2.3]", "http://[::01.2.3.4]",
  "http://[1:2:3:4:5:6:7::]", "http://[::2:3:4:5:6:7:8]", "http://[1::3:4:5:6:7:8]", "http://[1::2::3]", "http://[:1]", "http://[1:]",
  "http://[12345::]", "http://[::ABCD]", "http://[0:0:1:0:0:0:1:0]", "http://1.2.3.4", "http://1.2.3", "http://1.2", "http://1",
  "http://0x7f.1", "http://0177.1", "http://256.1.1.1", "http://1.2.3.4.5", "http://4294967295", "http://4294967296", "http://1.2.3.4.",
  "http://1..2", "http://a.1", "http://a.0x", "http://a.09", "http://a.b.", "http://.", "http://..", "http://a..b", "http://0x.0x.0",
  "http://münchen.example/ü?ü#ü", "http://MÜNCHEN.example", "http://例え.example", "http://xn--mnchen-3ya.example", "http://%C3%BC.example",
  "http://%FF.example", "http://a\u00adb.example", "http://ａ.example", "file:", "file:a", "file:/a", "file://a", "file://a/b", "file:///a",
  "file:///C:/a/../..", "file:C|/a", "file:///c|", "file://C:/a", "file://localhost/a", "file:///a/b/../../..", "file:?q", "file:#f",
  "data:a b ?q#f", "data:a b  ", "data:ü", "mailto:a@b", "urn:uuid:1", "urn:", "x:", "x:/", "x://", "x:///a", "x://h", "x://H/a/../b",
  "x://h:80", "x://h:99999", "x://a b", "x://a%b", "x://[::1]/", "x:a/../b", "x:/a/../b", "x:/..//a", "x:/.//a", "x://u:p@h/?a'#b`",
  "X://h", "1x://h", "x y://h", ":a", "://a", "  https://a/  ", "\u0001https://a\u001f", "htt\nps://a\t/b\r/c", "https://a/b c\"<>`{}^|'~",
  "https://a/?b c\"<>`{}^|'~#b c\"<>`{}^|'~", "https://a/%zz%4", "https://a/😀", "https://a/\\b", "https://a?b", "https://a#b", "https://a?b?c#d#e",
  "wss://a:443", "ws://a:80", "ftp://a:21", "ws://a:443", "blob:https://a/b", "javascript:alert(1)", "//h/a", "//h:8443", "//", "https://u@/",
  "non-special:opaque \u0001?\u007f#x", "https://a./b", "/a//b", "/a//../b", "//a//b", "?a=b&c='d'", "../../../x", "x/../..", "%2e%2e/x", ".%2E",
];
const urlPieces = ["http", "https", "x", "file", ":", ":", "/", "/", "//", "\\", "a", "b.c", "..", ".", "%2e", "@", "?", "#", "[::1]", "1", "80", " ", "é", "%41", "C:", "C|", "u:p@", "host"];

const fixedPatterns = [
  "*", "/books/:id", "/books/*", "/books/:id?", "/books/:id+", "/books/:id*", "/books{/:id}?", "/books/{:id}-{:x}", "/:a/:b", "/:a.:b", "/a:b",
  "https://example.com/*", "https://*.example.com/", "https://:sub.example.com/:path*", "http{s}?://example.com/", "*://example.com/*",
  "https://example.com:*/", "https://example.com:8080/*", "https://example.com:443/x", "https://example.com{:8080}?/x", "https://example.com/?q=*",
  "https://example.com/x\\?q=:v", "https://example.com/x#:f", "https://example.com?*#*", "https://example.com", "https://example.com/", "?q=:v", "#x",
  "", "books", "books/:id", "./books", "../x", ":id", "*.json", "/(\\d+)", "/([a-z]+)-(\\d{2,3})", "/(a|b|cd)", "/(?:a)", "/((?:a|b)+)", "/(a*b?)",
  "/([^x]+)", "/(.*)", "/([^\\/]+?)", "/(\\w+)/x", "/(a(?=b).*)", "/((?<n>a))", "/(\\1)", "/(^a)", "/(a$)", "/(\\ba)", "/(\\p{L}+)", "/([a&&b])",
  "/()", "/(", "/)", "/{", "/}", "/{}", "/{a}", "/{a}?", "/{a}*", "/{a}+", "/{a/b}*", "/{:x/}*", "/{:x}-?", "/?", "/+", "/**", "/*?", "/*+", "/:a?*", "/:a:b",
  "/:a/:a", "/:é", "/é", "/é/:x", "/%C3%A9", "/a b", "/a%20b", "/A", "/a/../b", "/a/./:x", "/\\:a", "/\\*", "/\\\\", "\\/a", "{/a}", "/a\\",
  "//h/a", "//*/a", "data:*", "data:foo", "urn:uuid:*", "urn\\:uuid\\:*", "urn:\\:x", "mailto\\:*", "x://h/:p", "x://h/a/../b", "x:/a*", "foo://:h/*", "*:x",
  "https://u:p@h/", "https://:u@h/", "https://:u::p@h/*", "https://*:*@h/*", "https://u{:p}?@h/", "https://[::1]/", "https://[:a]/", "https://\\[::1\\]/", "https://{[::1]}/",
  "https://[*]/", "https://[::1]:80/*", "https://EXAMPLE.com/", "https://é.example/", "https://ex%41mple.com/", "https://ex ample.com/", "https://a.b.:c/", "https://*/*",
  "https://(sub|dom).example.com/*", "https://{sub.}?example.com/*", "https://{:sub.}*example.com/*", "https://:sub+.example.com/", "(http|https)://a/*", "htt(p|ps)\\://a/*", "http:*", "https\\:x",
  "file:///a/*", "file:///*", "file:*", "wss://*:443/*", "ws{s}?://a/*", "ftp://a:21/*", "https://a:x/", "https://a:65536/", "https://a:65535/", "https://a:(\\d+)/",
  "https://a:8{0}?/*", "https://a/*?*#*", "/a*?b", "/a*\\?b", "/a\\?b", "/:x?q", "/{:x}?q", "/:x\\?q=1", "/x?a=:a&b=:b", "/x?*", "/x#*", "?*", "#*", "*?*", "*#*",
  "/.well-known/*", "/app/.well-known/mercure/subscriptions/*", "*/b", "/a/*/b", "/*/:x/*", "/a{b}c", "/a{/b}?/c", "/a{/:b}+/c", "/a{x:b}*y", "/:a(\\d+)", "/:a(\\d+)?", "/:a(\\d+)*", "/:a(.*)", "/:a([^/]+?)",
  "/([\\/])", "/(a{2})", "/(a{2,})", "/(a{0})b", "/(a{2,1})", "/([a-])", "/([\\-a]+)", "/([a-c0-9_]+)", "/(\\x61)", "/(\\u0061)", "/(\\u00e9)", "/(\\cA)", "/(\\0)", "/(é)", "/([[a]b])", "/([a--b])", "/(\\.)", "/(\\-)",
];
const patternPieces = ["/", "/", "a", "b", "books", ":id", ":x", "*", "?", "+", "{", "}", "{/:y}", "{.json}", "(\\d+)", "(a|b)", ".", "-", "\\", "https://", "example.com", ":", "#", "é", "x://", "@", "1", "[::1]", "%41", "http{s}?://"];
const fixedTopics = [
  "/books/1", "/books/", "/books", "/books/1/2", "/books/a-b", "/books/é", "https://example.com/", "https://example.com/x", "https://example.com/x?q=1", "https://example.com/x?q=1#f",
  "https://example.com:8080/x", "https://www.example.com/", "https://a.b.example.com/a/b", "http://example.com/", "http://example.com/x", "urn:uuid:1", "data:foo", "mailto:x", "x://h/a", "x:/a", "x:x",
  "https://[::1]/", "https://[::1]:80/a", "https://u:p@h/", "https://u@h/", "https://hub.example:8443/app/.well-known/mercure", "", "/", "/a", "/b", "/a/b", "/a/x/b", "/a.json", "/ab", "/abb", "/aab", "/12", "/123", "/ab-12",
  "/%C3%A9", "/é", "/é/1", "/a%20b", "/a b", "/A", "/x?a=1&b=2", "/x?q=1", "/x#f", "?q=1", "?", "#x", "books", "books/1", "../x", "../books/1", "1", "/:a", "/*", "/\\", "/app/.well-known/books/1", "/app/.well-known/1",
  "https://xn--9ca.example/", "https://é.example/", "https://1.2.3.4/", "https://hub.example/", "https://hub.example:8443/", "https://hub.example:8443/a/b?q=1", "file:///a/b", "ws://a/b", "wss://a:443/b", "ftp://a:21/x", "https://a/", "https://a:8/x", "https://a:80/x", "http://a:80/x",
  "https://a b/", "http://a:b", "https://sub.example.com/x", "https://dom.example.com/x", "https://sub.dom.example.com/x", "/a/b/c", "/abc", "/ac", "/a/b/b/c", "/axbxb", "/axby", "/q", "/1q", "/a-?", "/-", "/app/.well-known/mercure/subscriptions/x",
];

function components(input) {
  try {
    const u = new URL(input, base);
    return [u.protocol.slice(0, -1), u.username, u.password, u.hostname, u.port, u.pathname, u.search.slice(1), u.hash.slice(1)];
  } catch {
    return null;
  }
}

function results(Pattern, pattern, topics) {
  let compiled;
  try {
    compiled = new Pattern(pattern, base);
  } catch {
    return null;
  }
  return topics.map((topic) => (compiled.test(topic, base) ? "1" : "0")).join("");
}

const urls = [...new Set([...fixedUrls, ...Array.from({ length: 400 }, () => some(urlPieces, 9))])];
const patterns = [...new Set([...fixedPatterns, ...Array.from({ length: 700 }, () => some(patternPieces, 7))])];

const lines = [];
for (const url of urls) {
  lines.push(JSON.stringify({ url, is: components(url) }));
}
for (const pattern of patterns) {
  const is = results(native, pattern, fixedTopics);
  const polyfill = results(Polyfill, pattern, fixedTopics);
  lines.push(JSON.stringify(is === polyfill ? { pattern, is } : { pattern, is, polyfill }));
}
console.log(`{"engine": ${JSON.stringify("Node " + process.version)}, "base": ${JSON.stringify(base)},`);
console.log(`"topics": ${JSON.stringify(fixedTopics)},\n"cases": [`);
console.log(lines.join(",\n"));
console.log("]}");
