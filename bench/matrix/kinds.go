package matrix

import (
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cpu"
)

func init() {
	lower.Register("portable", func() (lower.Target, error) { return cpu.New("portable") })
}

// Kinds returns every kind of array that this module brings.
func Kinds() []Kind {
	return []Kind{
		{Name: "ref", On: []string{"ref"}},
		{Name: "portable", On: []string{"portable"}},
		{Name: "cpu", On: []string{"cpu"}},
	}
}
