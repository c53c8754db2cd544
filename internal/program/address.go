package program

import (
	"errors"
	"net"
)

// Address is a validator that refuses what no socket can listen on.
func Address(text string) error {
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = net.LookupPort("ip", port)
	}
	if err != nil {
		return errors.New("write host:port or :port, with a port from 0 to 65535")
	}
	return nil
}

// AddressOrNone is Address for what can be turned off.
func AddressOrNone(text string) error {
	if text == "" {
		return nil
	}
	return Address(text)
}
