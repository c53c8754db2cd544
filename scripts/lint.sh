#!/usr/bin/env bash
# The static checks, quick ones first. Ends at the first that fails and says what
# to do about it. Changes nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tool() { go tool -modfile=tools/go.mod "$@"; }

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

# Only .pb.go files are compared, in both directions: one whose .proto file is
# gone is out of date as well.
generated() (
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  tool buf generate -o "$scratch" || exit
  for file in $( (find pkg -name '*.pb.go'; cd "$scratch" && find pkg -name '*.pb.go') | sort -u); do
    diff -u "$file" "$scratch/$file" || exit
  done
)

check 'gofmt'                  'run "make fix"'                                   formatted
check 'go vet'                 'mend what it names'                               go vet ./...
check 'staticcheck'            'mend what it names; "go tool -modfile=tools/go.mod staticcheck -explain CODE" says why' tool staticcheck ./...
check 'go fix -diff'           'run "make fix"'                                   go fix -diff ./...
check 'buf lint'               'mend the .proto files it names'                   tool buf lint
check 'buf format'             'run "go tool -modfile=tools/go.mod buf format -w"' tool buf format --diff --exit-code
check 'generated code current' 'run "make generate", delete a .pb.go whose .proto is gone, and commit'   generated
check 'tables in documents'    'run "make generate" and commit the documents'     go run ./internal/reference -check
check 'go mod tidy -diff'      'run "make fix" and commit go.mod and go.sum'      go mod tidy -diff
