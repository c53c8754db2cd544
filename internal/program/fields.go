package program

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/urfave/cli/v3"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// InFlags returns err, which is about a configuration that cmd's flags have made, with
// the names of the flags where it has those of Go's fields.
func InFlags(cmd *cli.Command, err error) error {
	var e *qerrors.Error
	if !errors.As(err, &e) || e.Code != qerrors.InvalidConfig {
		return err
	}
	told := *e
	// A name that begins a word, and not a part of a path; some say the flag as well.
	named := regexp.MustCompile(`(^|[\s(])([A-Z]\w*[a-z][A-Z]\w*|Token\b)(?: \(-[a-z-]+\))?`)
	told.Message = named.ReplaceAllStringFunc(e.Message, func(field string) string {
		parts := named.FindStringSubmatch(field)
		name := flagOf(parts[2])
		if !slices.ContainsFunc(cmd.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) }) {
			return field
		}
		return parts[1] + "-" + name
	})
	return &told
}

// flagOf returns the flag for a field: heartbeat-interval for HeartbeatInterval.
func flagOf(field string) string {
	switch field {
	case "TLSCertFile":
		return "cert"
	case "TLSKeyFile":
		return "key"
	case "MaxQueueBytes":
		return "max-queue"
	case "MaxQueueBytesTotal":
		return "max-queue-total"
	}
	var flag strings.Builder
	for i, r := range field {
		if i > 0 && unicode.IsUpper(r) && unicode.IsLower(rune(field[i-1])) {
			flag.WriteByte('-')
		}
		flag.WriteRune(unicode.ToLower(r))
	}
	return flag.String()
}
