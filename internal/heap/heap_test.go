package heap

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// TestFloor: a small heap grows up to the floor before it is collected, a large
// one as ever, and a GOGC that is set counts. Each in a process of its own, whose only
// setting it is.
func TestFloor(t *testing.T) {
	if mib := os.Getenv("HEAP_FLOOR_TEST"); mib != "" {
		SetFloor(64 << 20)
		n, _ := strconv.Atoi(mib)
		used := make([]byte, n<<20)
		for range 3 {
			runtime.GC()
			// The finalizer that sets the percentage runs some time after.
			for range 1000 {
				runtime.Gosched()
			}
		}
		runtime.KeepAlive(used)
		println("percent", debug.SetGCPercent(-1))
		return
	}
	for _, test := range []struct {
		mib, gogc   string
		least, most int
	}{{"1", "", 1200, 1600}, {"16", "", 200, 320}, {"100", "", 100, 100}, {"1", "50", 50, 50}} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFloor$")
		cmd.Env = append(os.Environ(), "HEAP_FLOOR_TEST="+test.mib, "GOGC="+test.gogc)
		out, err := cmd.CombinedOutput()
		_, after, ok := strings.Cut(string(out), "percent ")
		percent, _ := strconv.Atoi(strings.Fields(after + " 0")[0])
		if err != nil || !ok || percent < test.least || percent > test.most {
			t.Errorf("with %s MiB in use and GOGC=%q it is %d %%, want %d to %d; %v\n%s", test.mib, test.gogc, percent, test.least, test.most, err, out)
		}
	}
}
