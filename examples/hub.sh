#!/bin/sh
# The hub with curl, in demo mode: subscribe, publish, and come back for what was missed. Outside demo mode the two
# tokens come from whoever knows your users.
set -eu
url=${1:-http://127.0.0.1:8080}
hub=$url/.well-known/mercure
topic=https://example.com/books/$$

tokens=$(curl -sS -X POST "$url/demo/token")
publish=$(printf %s "$tokens" | sed 's/.*"publish":"\([^"]*\)".*/\1/')
subscribe=$(printf %s "$tokens" | sed 's/.*"subscribe":"\([^"]*\)".*/\1/')

say() {
  curl -sS -H "Authorization: Bearer $publish" --data-urlencode "topic=$topic" --data-urlencode "data=$1" "$hub"
}

first=$(say "the first")
say "missed" >/dev/null
say "missed too" >/dev/null

# what came after the first; --max-time because a subscription has no end
curl -sSN --max-time 2 -G -H "Authorization: Bearer $subscribe" -H "Last-Event-ID: $first" \
  --data-urlencode "topic=$topic" "$hub" || [ $? -eq 28 ]
