package passes

import (
	"fmt"
	"time"
)

// Options of a run of the pipeline.
type Options struct {
	Verify bool // check the unit after every pass that changed it
	Text   bool // keep each stage's text
}

// Record is what one pass did.
type Record struct {
	Pass    string
	Changed bool
	Took    time.Duration
	Text    string // with Options.Text: the unit afterwards
}

// Run applies the pipeline to u.
func Run(u *Unit, o Options) ([]Record, error) {
	var log []Record
	for _, p := range pipeline {
		start := time.Now()
		changed, err := p.Run(u)
		if err != nil {
			return log, fmt.Errorf("passes: %s: %w", p.Name, err)
		}
		log = append(log, Record{Pass: p.Name, Changed: changed, Took: time.Since(start)})
	}
	return log, nil
}
