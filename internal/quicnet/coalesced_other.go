//go:build !linux

package quicnet

import "net"

// coalesce returns pc: only Linux hands over several datagrams together.
func coalesce(pc net.PacketConn, _ int) net.PacketConn { return pc }
