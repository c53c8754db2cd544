#!/usr/bin/env bash
# Runs the benchmarks of the packages given (all, without arguments) that match
# BENCH, COUNT times each. With BASE, a commit or tag, it runs those of BASE as well,
# in turn, so that what disturbs the machine disturbs both, and shows by benchstat
# what has changed since.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=("${@:-./...}")
count=${COUNT:-1}

# measure FOLDER TIMES runs the benchmarks of the module in FOLDER.
measure() { (cd "$1" && go test -run '^$' -bench "${BENCH:-.}" -benchmem -count "$2" "${packages[@]}"); }

if [ -z "${BASE:-}" ]; then
  echo 'bench: there is no release to compare with; BASE=COMMIT compares with a commit' >&2
  measure . "$count"
  exit
fi

commit=$(git rev-parse --verify --quiet "$BASE^{commit}") || {
  echo "bench: BASE=$BASE is no commit: name one, or a tag" >&2
  exit 1
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/base"
git archive "$commit" | tar -x -C "$scratch/base"

# What BASE does not have yet, or cannot do, only leaves a gap in the comparison.
for ((run = 1; run <= count; run++)); do
  measure "$scratch/base" 1 >>"$scratch/before.txt" || echo "bench: some of $BASE could not be measured" >&2
  measure . 1 | tee -a "$scratch/now.txt"
done
go tool -modfile=tools/go.mod benchstat "$BASE=$scratch/before.txt" "now=$scratch/now.txt"
