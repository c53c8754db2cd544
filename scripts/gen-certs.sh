#!/usr/bin/env bash
# Makes certificates for development in certs/. All flags of "quic-ctl certs"
# can be given; -h lists them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec go run ./cmd/ctl certs "$@"
