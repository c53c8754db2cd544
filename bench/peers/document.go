package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func documentFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "results", Value: "bench/peers/results.json", Usage: "`FILE` with all that was measured"},
		&cli.StringFlag{Name: "document", Value: "docs/performance.md", Usage: "`FILE` to write the tables to, between their marks"},
		&cli.StringFlag{Name: "chart", Value: "docs/performance.svg", Usage: "`FILE` to write the chart to"},
	}
}

func renderCommand() *cli.Command {
	return &cli.Command{
		Name:   "render",
		Usage:  "write the tables and the chart of what was measured before",
		Flags:  documentFlags(),
		Action: render,
	}
}

func render(_ context.Context, cmd *cli.Command) error {
	r, err := readResults(cmd.String("results"))
	if err != nil {
		return err
	}
	path := cmd.String("document")
	before, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	after, err := filled(string(before), r)
	if err != nil {
		return qerrors.New(qerrors.InvalidConfig, "%s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(after), 0o644); err != nil {
		return err
	}
	return os.WriteFile(cmd.String("chart"), []byte(chart(r)), 0o644)
}

// filled returns a document with what r has.
func filled(text string, r *results) (string, error) {
	return fill(text, map[string]string{"figures": figures(r), "goals": goals(r), "costs": costs(r), "machine": places(r)})
}

// fill puts each content between its marks in text.
func fill(text string, contents map[string]string) (string, error) {
	for name, content := range contents {
		begin := fmt.Sprintf("<!-- measured %s: written by \"make bench-peers\" -->\n", name)
		end := fmt.Sprintf("<!-- end of %s -->\n", name)
		before, rest, found := strings.Cut(text, begin)
		_, after, found2 := strings.Cut(rest, end)
		if !found || !found2 {
			return "", fmt.Errorf("there are no lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
		}
		text = before + begin + "\n" + content + "\n" + end + after
	}
	return text, nil
}
