#!/usr/bin/env bash
# Sees to it that the programs are there that the tests of deploy/ and docs/ run. Where
# one is not, installs Debian's package. Where it cannot, it says what to do and
# succeeds: those tests are skipped then, or fail in continuous integration (CI=true).
set -euo pipefail

# Programs, and the packages that have them.
tools=(prometheus:prometheus promtool:prometheus curl:curl jq:jq openssl:openssl python3:python3)
[ "$(uname)" != Linux ] || tools+=(systemd-analyze:systemd)

# missing prints the packages of the programs that are not there.
missing() {
  local tool
  for tool in "${tools[@]}"; do
    command -v "${tool%:*}" >/dev/null || echo "${tool#*:}"
  done | sort -u
}

# advise REASON says what to do by hand.
advise() {
  printf '%s: %s.\n' "$(basename "$0")" "$1" >&2
  echo "Some tests are skipped without: ${tools[*]%:*}. On Debian and Ubuntu, \"sudo apt-get install\" has them;" >&2
  echo 'on macOS, "brew install"; for Prometheus see also https://prometheus.io/download/.' >&2
  exit 0
}

# The package prometheus starts a service, now and with the machine, that listens where
# quic-server has its metrics. Only the programs are wanted. The others start nothing.
install() {
  export DEBIAN_FRONTEND=noninteractive
  local options=(-q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120)
  apt-get "${options[@]}" update || true # another one may be at it
  apt-get "${options[@]}" install -y --no-install-recommends "$@" || return
  [[ " $* " != *' prometheus '* ]] || { service prometheus stop && update-rc.d prometheus disable; }
}

packages=($(missing))
[ "${#packages[@]}" -gt 0 ] || exit 0
command -v apt-get >/dev/null || advise "there is no apt-get to install ${packages[*]} with"
[ "$(id -u)" -eq 0 ] || advise "installing ${packages[*]} takes root"
echo "installing ${packages[*]}, for tests"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! install "${packages[@]}" </dev/null >"$log" 2>&1 || [ -n "$(missing)" ]; then
  cat "$log" >&2
  advise "${packages[*]} could not be installed, see above"
fi
