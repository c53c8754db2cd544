#!/usr/bin/env bash
# Runs the tests of the packages given (all, without arguments) and writes
# coverage/profile.txt and coverage/index.html. A line counts as covered whichever
# package's test ran it, and so do lines that a program ran which was started by a
# test and built with "go build -cover": it inherits GOCOVERDIR. Generated code
# does not count.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rm -rf coverage
mkdir -p coverage/data
export GOCOVERDIR=$PWD/coverage/data

go test -cover -covermode=atomic -coverpkg=./... "${@:-./...}" -args -test.gocoverdir="$GOCOVERDIR"
go tool covdata textfmt -i="$GOCOVERDIR" -o coverage/all.txt
grep -v '\.pb\.go:' coverage/all.txt >coverage/profile.txt
rm coverage/all.txt
go tool cover -html=coverage/profile.txt -o coverage/index.html
go tool cover -func=coverage/profile.txt | tail -n 1
echo 'the report: coverage/index.html'
