#!/bin/sh
# A stream with curl: ten events, one each 100 ms; then again from the third on, as a client does that lost its connection.
set -eu
url=${1:-http://127.0.0.1:8080}

events=$(mktemp)
trap 'rm -f "$events"' EXIT
curl -sSN -X POST "$url/sse/v1" | tee "$events"

third=$(sed -n 's/^id: //p' "$events" | sed -n 3p)
echo "--- after $third"
curl -sSN -H "Last-Event-ID: $third" "$url/sse/v1"
