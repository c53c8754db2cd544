package settings

import (
	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/fields"
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
func (sizeValue) ToString(size int) string { return fields.FormatSize(size) }

func (s *sizeValue) Set(text string) error {
	size, err := fields.ParseSize(text)
	if err == nil {
		*s = sizeValue(size)
	}
	return err
}

func (s *sizeValue) Get() any       { return int(*s) }
func (s *sizeValue) String() string { return fields.FormatSize(int(*s)) }
