package cpu_test

import (
	"testing"

	"github.com/numen-go/numen/lower"
	_ "github.com/numen-go/numen/lower/cpu"
	"github.com/numen-go/numen/lower/lowertest"
)

func TestConformance(t *testing.T) {
	lowertest.Run(t, func() (lower.Target, error) { return lower.Open("cpu") })
}
