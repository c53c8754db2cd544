package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/load"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func compareCommand() *cli.Command {
	return &cli.Command{
		Name:  "compare",
		Usage: "measure all systems in turn, and write the table and the chart",
		Description: "Each round measures each system once for each row, so that what disturbs the\n" +
			"machine disturbs all. Rows that were measured before and are not now are kept.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "bench", Value: "bin/quic-bench", Usage: "the `PROGRAM` that measures ours"},
			&cli.StringFlag{Name: "rows", Value: ".", Usage: "measure the rows whose keys match `REGEXP`: ack-64, broadcast-1000 and so on"},
			&cli.StringFlag{Name: "systems", Value: ".", Usage: "compare with the systems whose names match `REGEXP`: nats, bare and so on"},
			&cli.IntFlag{Name: "rounds", Value: 5, Usage: "rounds; some rows that take long have fewer"},
			&cli.DurationFlag{Name: "d", Value: 2 * time.Second, Usage: "how long to measure each"},
			&cli.DurationFlag{Name: "warmup", Value: 500 * time.Millisecond, Usage: "how long to warm each up before"},
			&cli.BoolFlag{Name: "quick", Usage: "measure next to nothing, to see that all of it works, and print it only, unless -results is set"},
		}, documentFlags()...),
		Action: compare,
	}
}

// comparison is a run of compare.
type comparison struct {
	bench   string
	rows    []row
	systems *regexp.Regexp // nil compares with all
	rounds  int
	time    time.Duration
	warmup  time.Duration
	results *results
	path    string // of the results; empty keeps none
	log     func(format string, args ...any)
}

func compare(ctx context.Context, cmd *cli.Command) error {
	c, err := newComparison(cmd)
	if err != nil {
		return err
	}
	failed, err := c.run(ctx)
	if err != nil {
		return err
	}
	if c.path == "" {
		_, err = fmt.Fprint(cmd.Root().Writer, figures(c.results))
	} else {
		err = render(ctx, cmd)
	}
	if err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d measurements had errors: see above", failed)
	}
	return nil
}

func newComparison(cmd *cli.Command) (*comparison, error) {
	keys, err := regexp.Compile(cmd.String("rows"))
	systems, err2 := regexp.Compile(cmd.String("systems"))
	if err := errors.Join(err, err2); err != nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "%w", err)
	}
	c := &comparison{
		bench: cmd.String("bench"), systems: systems, rounds: cmd.Int("rounds"), time: cmd.Duration("d"), warmup: cmd.Duration("warmup"),
		path: cmd.String("results"),
		log:  func(format string, args ...any) { fmt.Fprintf(cmd.Root().ErrWriter, format+"\n", args...) },
	}
	for _, r := range rows() {
		if keys.MatchString(r.key) {
			c.rows = append(c.rows, r)
		}
	}
	if cmd.Bool("quick") {
		c.hurry()
		if !cmd.IsSet("results") {
			c.path = ""
		}
	}
	if len(c.rows) == 0 || c.rounds < 1 || c.time <= 0 {
		return nil, qerrors.New(qerrors.InvalidConfig, "there is nothing to measure: check -rows, -rounds and -d")
	}
	c.results, err = readResults(c.path) // of an empty path, nothing
	return c, err
}

// hurry leaves little to do.
func (c *comparison) hurry() {
	c.rounds, c.time, c.warmup = 1, 100*time.Millisecond, 20*time.Millisecond
	for i := range c.rows {
		c.rows[i].time = 0
		c.rows[i].spec.Conns = min(c.rows[i].spec.Conns, 50)
	}
}

// run measures, and keeps the results after each round.
func (c *comparison) run(ctx context.Context) (failed int, err error) {
	fresh := map[string]*rowResults{}
	for round := range c.rounds {
		for _, r := range c.rows {
			if r.rounds > 0 && round >= r.rounds {
				continue
			}
			kept := fresh[r.key]
			if kept == nil {
				kept = &rowResults{When: time.Now().UTC().Truncate(time.Second), Machine: thisMachine(), Seconds: c.timeOf(r).Seconds(),
					Load: [2]float64{loadAverage()}, Reports: map[string][]load.Report{}}
				fresh[r.key], c.results.Rows[r.key] = kept, kept
			}
			for _, system := range c.turn(r, round) {
				report, err := c.measure(ctx, r, system)
				if ctx.Err() != nil {
					return failed, context.Cause(ctx)
				}
				if err != nil { // the others go on
					report.Errors, report.FirstError = 1, err.Error()
				}
				if report.Errors > 0 {
					failed++
				}
				kept.Reports[system] = append(kept.Reports[system], report)
				c.log("round %d of %d  %-14s  %-13s  %s%s", round+1, c.rounds, r.key, system, r.measure.format(r.measure.of(report)), failure(report))
			}
			kept.Load[1] = loadAverage()
			if err := c.keep(); err != nil {
				return failed, err
			}
		}
	}
	return failed, nil
}

// keep writes what there is so far.
func (c *comparison) keep() error {
	if c.path == "" {
		return nil
	}
	return c.results.write(c.path)
}

func failure(r load.Report) string {
	if r.Errors == 0 {
		return ""
	}
	return fmt.Sprintf("  (%d errors: %s)", r.Errors, r.FirstError)
}

func (c *comparison) timeOf(r row) time.Duration {
	if r.time > 0 {
		return r.time
	}
	return c.time
}

// turn returns the systems of a row in the order of a round: each is the first once.
func (c *comparison) turn(r row, round int) []string {
	var all []string
	for _, s := range r.systems {
		if s == ours || c.systems == nil || c.systems.MatchString(s) {
			all = append(all, s)
		}
	}
	first := round % len(all)
	return slices.Concat(all[first:], all[:first])
}

// limit is how long one measurement may take, connecting included.
const limit = 5 * time.Minute

// measure has one system measured by a process of its own. An error is that of the
// process; messages that have failed are part of the report.
func (c *comparison) measure(ctx context.Context, r row, system string) (report load.Report, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	program, args := c.bench, []string{"run", "-spawn"}
	if system != ours {
		if program, err = os.Executable(); err != nil {
			return report, err
		}
		args = []string{"run", "-system", system}
	}
	inFlight := r.spec.InFlight
	if more := r.inFlight[system]; more > 0 {
		inFlight = more
	}
	cmd := exec.CommandContext(ctx, program, append(args, "-json",
		"-work", string(r.spec.Work), "-conns", strconv.Itoa(r.spec.Conns), "-c", strconv.Itoa(inFlight), "-size", strconv.Itoa(r.spec.Size),
		"-d", c.timeOf(r).String(), "-warmup", c.warmupOf(r).String())...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err = cmd.Run()
	if unreadable := json.Unmarshal(out.Bytes(), &report); unreadable != nil {
		return report, fmt.Errorf("%v: %w: %s", cmd.Args, errors.Join(err, unreadable), problems.String())
	}
	return report, nil
}

// warmupOf returns no time where the work itself is to begin.
func (c *comparison) warmupOf(r row) time.Duration {
	if r.spec.Work == load.Connect || r.spec.Work == load.Idle {
		return 0
	}
	return c.warmup
}
