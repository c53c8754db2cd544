#!/usr/bin/env bash
# Runs every fuzz target of the packages given (all, without arguments), each for
# FUZZTIME (30s), also when one before has failed. Go leaves an input that fails in
# testdata/fuzz: commit it with the correction, it is a test from then on. It would
# spend a minute on making each new input smaller, unless told otherwise.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# "go test -list" prints the targets of a package, then "ok" and its name.
targets=$(go test -list '^Fuzz' "${@:-./...}" | awk '
  /^Fuzz/ { names[n++] = $1 }
  /^ok/   { for (i = 0; i < n; i++) print $2, names[i] }
  /^ok|^\?/ { n = 0 }')
if [ -z "$targets" ]; then
  echo 'there is no fuzz target in these packages'
  exit 0
fi
failed=0
while read -r package name; do
  printf 'fuzz: %s in %s\n' "$name" "$package"
  go test -run '^$' -fuzz "^$name\$" -fuzztime "${FUZZTIME:-30s}" -fuzzminimizetime 2s "$package" || failed=1
done <<<"$targets"
exit "$failed"
