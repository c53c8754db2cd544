package console

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Age returns d in the two largest units that it has, in at most six characters
// for a hundred years.
func Age(d time.Duration) string {
	d = max(d, 0).Truncate(time.Second)
	minutes, hours := int(d.Minutes()), int(d.Hours())
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", minutes, int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", hours, minutes%60)
	case d < 100*24*time.Hour:
		return fmt.Sprintf("%dd%02dh", hours/24, hours%24)
	default:
		return fmt.Sprintf("%dd", hours/24)
	}
}

// Millis returns a time of ms milliseconds, to three digits.
func Millis(ms float64) string {
	switch {
	case ms < 9.995:
		return strconv.FormatFloat(ms, 'f', 2, 64) + "ms"
	case ms < 99.95:
		return strconv.FormatFloat(ms, 'f', 1, 64) + "ms"
	case ms < 999.5:
		return strconv.FormatFloat(ms, 'f', 0, 64) + "ms"
	default:
		return strconv.FormatFloat(ms/1000, 'f', 1, 64) + "s"
	}
}

// Count returns n in at most four digits: 0.2, 17, 1.2k, 123M.
func Count(n float64) string { return scaled(n, 1000, "kMGTPE") }

// Bytes returns n bytes in at most four digits and a unit: 17, 1.2Ki, 123Mi.
func Bytes(n float64) string {
	text := scaled(n, 1024, "KMGTPE")
	if last := text[len(text)-1]; last >= 'E' {
		return text + "i"
	}
	return text
}

// scaled divides n by base until it is below that, and says how often.
func scaled(n, base float64, units string) string {
	unit := ""
	for i := 0; i < len(units) && math.Round(n) >= base; i++ {
		n /= base
		unit = units[i : i+1]
	}
	if n < 9.95 && n != math.Trunc(n) || unit != "" && n < 9.95 {
		return strconv.FormatFloat(n, 'f', 1, 64) + unit
	}
	return strconv.FormatFloat(n, 'f', 0, 64) + unit
}
