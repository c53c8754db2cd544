#!/usr/bin/env bash
# The static checks, quick ones first. Ends at the first that fails and says what
# to do about it. Changes nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

root=$PWD
tool() { go tool -modfile="$root/tools/go.mod" "$@"; }
peers() (cd bench/peers && "$@") # which is a module of its own

# check NAME REMEDY COMMAND... runs one check.
check() {
  local name=$1 remedy=$2
  shift 2
  printf 'lint: %s\n' "$name"
  if ! "$@"; then
    printf 'lint: %s failed: %s\n' "$name" "$remedy" >&2
    exit 1
  fi
}

formatted() {
  local files
  files=$(gofmt -l .) || return
  if [ -n "$files" ]; then
    printf 'not formatted: %s\n' $files
    return 1
  fi
}

# generated FOLDER compares the .pb.go files in a folder, in both directions: one
# whose .proto file is gone is out of date as well.
generated() (
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  tool buf generate -o "$scratch" || exit
  for file in $( (find "$1" -name '*.pb.go'; cd "$scratch" && find "$1" -name '*.pb.go') | sort -u); do
    diff -u "$file" "$scratch/$file" || exit
  done
)

check 'gofmt'                  'run "make fix"'                                   formatted
check 'go vet'                 'mend what it names'                               go vet ./...
check 'staticcheck'            'mend what it names; "go tool -modfile=tools/go.mod staticcheck -explain CODE" says why' tool staticcheck ./...
check 'go fix -diff'           'run "make fix"'                                   go fix -diff ./...
check 'buf lint'               'mend the .proto files it names'                   tool buf lint
check 'buf format'             'run "go tool -modfile=tools/go.mod buf format -w"' tool buf format --diff --exit-code
check 'generated code current' 'run "make generate", delete a .pb.go whose .proto is gone, and commit'   generated pkg
check 'tables in documents'    'run "make generate" and commit the documents'     go run ./internal/reference -check
check 'go mod tidy -diff'      'run "make fix" and commit go.mod and go.sum'      go mod tidy -diff

check 'bench/peers: go vet'    'mend what it names'                               peers go vet ./...
check 'bench/peers: staticcheck' 'mend what it names'                             peers tool staticcheck ./...
check 'bench/peers: go fix -diff' 'run "make fix"'                                peers go fix -diff ./...
check 'bench/peers: buf lint'  'mend the .proto files it names'                   peers tool buf lint
check 'bench/peers: generated code current' 'run "make generate" and commit'      peers generated exchange
check 'bench/peers: go mod tidy -diff' 'run "make fix" and commit go.mod and go.sum'  peers go mod tidy -diff
