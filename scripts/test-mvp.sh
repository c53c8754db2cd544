#!/usr/bin/env bash
# Builds the programs, starts a hub and an agent on free ports with certificates of
# their own, sends messages both ways and checks the answers. Prints a line for each
# check, and exits with 1 if one failed. Leaves nothing behind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=$(mktemp -d)
pids=()
cleanup() {
  for pid in ${pids[@]+"${pids[@]}"}; do # bash 3.2 takes an empty list for an unset one
    kill -KILL "$pid" 2>/dev/null || true
  done
  wait 2>/dev/null || true
  rm -rf "$scratch"
}
trap cleanup EXIT

failures=0
# check NAME COMMAND... runs a command and says how it went.
check() {
  local name=$1
  shift
  if "$@" >"$scratch/output" 2>&1; then
    printf 'PASS %s\n' "$name"
  else
    printf 'FAIL %s\n' "$name"
    sed 's/^/     /' "$scratch/output"
    failures=$((failures + 1))
  fi
}

# await FILE WORDS waits up to 10 s until a line of FILE has WORDS, and prints it.
await() {
  for _ in {1..100}; do
    grep -m 1 -- "$2" "$1" 2>/dev/null && return
    sleep 0.1
  done
  printf '%s does not have "%s":\n' "$1" "$2" >&2
  cat "$1" >&2
  return 1
}

# address FILE WORDS prints what follows addr= in that line.
address() {
  local line
  line=$(await "$1" "$2") || return
  sed 's/.*addr=//' <<<"$line"
}

# prints TEXT COMMAND... succeeds if the command does and prints exactly TEXT.
prints() {
  local want=$1 got
  shift
  got=$("$@") || return
  [ "$got" = "$want" ] || { printf 'want "%s", got "%s"\n' "$want" "$got"; return 1; }
}

fails() { ! "$@"; }

stops() { # PID: it ends in order after SIGTERM
  kill -TERM "$1" && wait "$1"
}

ctl() { ./bin/quic-ctl -api "$api" "$@"; }

# exits CODE COMMAND... succeeds if the command exits with CODE.
exits() {
  local want=$1 got=0
  shift
  "$@" || got=$?
  [ "$got" -eq "$want" ] || { printf 'want exit code %d, got %d\n' "$want" "$got"; return 1; }
}

lists() { ctl list -prefix "$1" | grep "^$1 "; }

send() { ./bin/quic-client -server "$hub" -ca "$scratch/certs/ca.crt" -id sender -timeout 10s "$@"; }

make build
check 'certificates are made'                 ./scripts/gen-certs.sh -dir "$scratch/certs"

./bin/quic-server -addr 127.0.0.1:0 -api 127.0.0.1:0 -cert "$scratch/certs/server.crt" -key "$scratch/certs/server.key" \
  -handler cat -log-level debug 2>"$scratch/hub.log" &
server=$!
pids+=("$server")
check 'the hub listens'                       await "$scratch/hub.log" 'HTTP API listening'
hub=$(address "$scratch/hub.log" 'msg=listening')
api=$(address "$scratch/hub.log" 'HTTP API listening')

./bin/quic-client -server "$hub" -ca "$scratch/certs/ca.crt" -id agent -handler 'tr a-z A-Z' -log-level debug 2>"$scratch/agent.log" &
agent=$!
pids+=("$agent")
check 'the agent connects'                    await "$scratch/hub.log" 'msg=connected client_id=agent'
check 'a message is answered by the hub'      prints 'hello, hub' send -send 'hello, hub' -wait-ack
check 'the agent is listed'                   lists agent
check 'a message is answered by the agent'    prints 'HELLO' ctl send -client agent -payload hello -wait-ack
check 'a message to nobody fails'             exits 1 ctl send -client nobody -payload hello
check 'a broadcast is queued'                 ctl broadcast -payload 'good morning'
check 'the agent has it'                      await "$scratch/agent.log" 'type=event bytes=12'
check 'a message without acknowledgement'     send -send 'disk full' -type event
check 'the hub has it'                        await "$scratch/hub.log" 'type=event bytes=9 client_id=sender'
check 'an unknown CA is refused'              fails ./bin/quic-client -server "$hub" -ca= -id sender -send x
check 'the agent stops'                       stops "$agent"
check 'the hub stops'                         stops "$server"
check 'without a hub quic-ctl says so'        exits 3 ctl list

[ "$failures" -eq 0 ] || { printf '%d checks failed\n' "$failures"; exit 1; }
echo 'all checks passed'
