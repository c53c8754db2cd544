package callback

import "slices"

// maxAbandoned is how many numbers a table remembers.
const maxAbandoned = 1024

// abandoned has the numbers of the latest messages whose acknowledgements nobody waits for any
// more, and which may still come.
type abandoned struct {
	numbers []uint64
	next    int // the place of the next one, once there is no more room
}

func (a *abandoned) add(number uint64) {
	if len(a.numbers) < maxAbandoned {
		a.numbers = append(a.numbers, number)
		return
	}
	a.numbers[a.next] = number
	a.next = (a.next + 1) % maxAbandoned
}

// remove forgets one whose acknowledgement has come.
func (a *abandoned) remove(number uint64) {
	if i := slices.Index(a.numbers, number); i >= 0 {
		a.numbers[i] = 0 // the number of no message
	}
}

// take returns those that are there, and forgets them.
func (a *abandoned) take() []uint64 {
	numbers := slices.DeleteFunc(a.numbers, func(n uint64) bool { return n == 0 })
	*a = abandoned{}
	return numbers
}
