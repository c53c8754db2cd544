#!/usr/bin/env bash
# Makes certificates for development in certs/ of the repository, or in the folder
# of -dir, which is relative to the caller's. All flags of "quic-ctl certs" can be
# given; -h lists them.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

program=$(mktemp -d)
trap 'rm -rf "$program"' EXIT
go build -C "$root" -o "$program/quic-ctl" ./cmd/ctl
[ "$PWD" = "$root" ] || export QUIC_CERTS_DIR="${QUIC_CERTS_DIR:-$root/certs}"
"$program/quic-ctl" certs "$@"
