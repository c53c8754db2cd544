package guides

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// job is a block in the background.
type job struct {
	file, pid string
}

// background runs a block in the background, and returns when a line of its output has
// words in it. An "&" at its end is for readers. The shell around the block outlives
// what ends the program in it, to say how that ended.
func (s *shell) background(text, words string) (*job, error) {
	file, err := s.save(strings.TrimSuffix(text, " &\n") + "\n")
	if err != nil {
		return nil, err
	}
	j := &job{file: file}
	j.pid, err = s.tell("( trap : TERM INT HUP; trap 'echo $? >%s.status' EXIT; source %[1]s ) </dev/null >%[1]s.out 2>&1 3>&- & echo $! >&3", file)
	if err != nil {
		return nil, err
	}
	s.jobs = append(s.jobs, j)
	late := time.Now().Add(s.patience)
	for !contains(j.output(), words) {
		if status, over := j.ended(); over && !contains(j.output(), words) {
			return nil, fmt.Errorf("it ended with exit code %s and never said %q; it printed\n%s", status, words, j.output())
		}
		if time.Now().After(late) {
			return nil, fmt.Errorf("it has not said %q after %v; it printed\n%s", words, s.patience, j.output())
		}
		time.Sleep(5 * time.Millisecond)
	}
	return j, nil
}

func (j *job) output() string {
	out, _ := os.ReadFile(j.file + ".out") // or nothing
	return string(out)
}

// ended returns the exit code, if there is one yet.
func (j *job) ended() (status string, over bool) {
	content, _ := os.ReadFile(j.file + ".status") // or nothing
	return strings.TrimSpace(string(content)), strings.HasSuffix(string(content), "\n")
}

// stop ends all jobs as ctrl-c or a service manager would, the latest first. It fails if
// one of them does not end in order.
func (s *shell) stop() error {
	for _, j := range slices.Backward(s.jobs) {
		if _, over := j.ended(); !over {
			if _, err := s.tell("kill -TERM -- -%s 2>/dev/null || :; wait %[1]s || :; echo done >&3", j.pid); err != nil {
				return fmt.Errorf("%w; it printed\n%s", err, j.output())
			}
		}
		// Without one, the document itself has killed it; the last two are of SIGINT and SIGTERM.
		if status, _ := j.ended(); !slices.Contains([]string{"", "0", "130", "143"}, status) {
			return fmt.Errorf("a program in the background ended with exit code %s; it printed\n%s", status, j.output())
		}
	}
	return nil
}
