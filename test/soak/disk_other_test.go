//go:build !linux

package soak

const diskEnv = "SOAK_SMALL_DISK"

func withSmallDisk() int { return 1 }
