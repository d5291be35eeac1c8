package ref_test

import (
	"testing"

	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/lowertest"
	_ "github.com/numen-go/numen/lower/ref"
)

func TestConformance(t *testing.T) {
	lowertest.Run(t, func() (lower.Target, error) { return lower.Open("ref") })
}
