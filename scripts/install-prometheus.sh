#!/usr/bin/env bash
# Sees to it that prometheus and promtool are there, which the tests of deploy/ run:
# where they are not, installs Debian's package. Where it cannot, it says what to do
# and succeeds: those tests are skipped then, or fail in continuous integration
# (CI=true).
set -euo pipefail

has() { command -v "$1" >/dev/null; }

# advise REASON says what to do by hand.
advise() {
  printf '%s: %s.\n' "$(basename "$0")" "$1" >&2
  echo 'The tests of deploy/ need prometheus and promtool on the PATH: "sudo apt-get install prometheus" on Debian and' >&2
  echo 'Ubuntu, "brew install prometheus" on macOS, or see https://prometheus.io/download/.' >&2
  exit 0
}

# The package starts a service, now and with the machine, that listens where
# quic-server has its metrics. Only the programs are wanted.
install() {
  export DEBIAN_FRONTEND=noninteractive
  local options=(-q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120)
  apt-get "${options[@]}" update || true # another one may be at it
  apt-get "${options[@]}" install -y --no-install-recommends prometheus &&
    service prometheus stop && update-rc.d prometheus disable
}

if has prometheus; then
  has promtool || advise 'there is a prometheus, but no promtool beside it'
  exit 0
fi
has apt-get || advise 'there is no apt-get to install Prometheus with'
[ "$(id -u)" -eq 0 ] || advise 'installing Prometheus takes root'
echo 'installing Prometheus, for the tests of deploy/'
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! install </dev/null >"$log" 2>&1 || ! has promtool; then
  cat "$log" >&2
  advise 'Prometheus could not be installed, see above'
fi
