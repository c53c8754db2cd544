package fields

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
)

type sizeUnit struct {
	name  string
	bytes int
}

// sizeUnits has the largest first, and the one without a name last.
func sizeUnits() []sizeUnit {
	return []sizeUnit{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}
}

// ParseSize returns a number of bytes: 1048576 as well as 64KiB, 1MiB or 2GiB, powers of
// 1024, and no fractions, so that nothing is rounded.
func ParseSize(text string) (int, error) {
	units := sizeUnits()
	unit := units[slices.IndexFunc(units, func(u sizeUnit) bool { return strings.HasSuffix(text, u.name) })]
	digits := strings.TrimSpace(strings.TrimSuffix(text, unit.name))
	n, err := strconv.ParseUint(digits, 10, strconv.IntSize-1)
	if err != nil {
		return 0, errors.New("not a whole number of bytes, KiB, MiB or GiB")
	}
	if n > uint64(math.MaxInt/unit.bytes) {
		return 0, errors.New("too large")
	}
	return int(n) * unit.bytes, nil
}

// FormatSize returns the text for a number of bytes, with the largest unit that fits.
func FormatSize(size int) string {
	for _, unit := range sizeUnits() {
		if size != 0 && size%unit.bytes == 0 {
			return strconv.Itoa(size/unit.bytes) + unit.name
		}
	}
	return "0"
}
