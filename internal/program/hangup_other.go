//go:build !unix

package program

import "os"

func controls(*os.File) bool { return false } // there is no SIGHUP
