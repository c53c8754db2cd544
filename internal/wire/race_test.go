//go:build race

package wire_test

// raceDetector: with it, a sync.Pool throws some of its content away at random.
const raceDetector = true
