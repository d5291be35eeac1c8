package np

// The targets that every program has: cpu runs unless On says otherwise, ref is the
// slow oracle. Others are imported like drivers of database/sql.
import (
	_ "github.com/numen-go/numen/lower/cpu"
	_ "github.com/numen-go/numen/lower/ref"
)
