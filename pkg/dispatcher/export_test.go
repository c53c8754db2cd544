package dispatcher

// Alive returns how many workers there are.
func (d *Dispatcher) Alive() int { return int(d.alive.Load()) }
