package loop

func (c *compiler) tile(s *Tile) error { panic("tile") }
