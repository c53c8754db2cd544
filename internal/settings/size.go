package settings

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"
)

// SizeFlag is a flag for a number of bytes. It takes 1048576 as well as 64KiB,
// 1MiB or 2GiB: powers of 1024, and no fractions, so that nothing is rounded.
type SizeFlag = cli.FlagBase[int, cli.NoConfig, sizeValue]

type sizeValue int

// Create makes *p, which starts as value, settable from text.
func (sizeValue) Create(value int, p *int, _ cli.NoConfig) cli.Value {
	*p = value
	return (*sizeValue)(p)
}

// ToString returns the size as the help shows it.
func (sizeValue) ToString(size int) string { return formatSize(size) }

func (s *sizeValue) Set(text string) error {
	size, err := parseSize(text)
	if err == nil {
		*s = sizeValue(size)
	}
	return err
}

func (s *sizeValue) Get() any       { return int(*s) }
func (s *sizeValue) String() string { return formatSize(int(*s)) }

type sizeUnit struct {
	name  string
	bytes int
}

// sizeUnits has the largest first, and the one without a name last.
func sizeUnits() []sizeUnit {
	return []sizeUnit{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}
}

func parseSize(text string) (int, error) {
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

func formatSize(size int) string {
	for _, unit := range sizeUnits() {
		if size != 0 && size%unit.bytes == 0 {
			return strconv.Itoa(size/unit.bytes) + unit.name
		}
	}
	return "0"
}
