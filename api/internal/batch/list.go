package batch

// blockBytes is about how much of a list is written at once.
const blockBytes = 64 << 10

// list is the items of an answer as JSON, with commas between them. It is kept in blocks, so that it need not be
// copied as it grows, and each can be let go of once it is sent.
type list struct {
	blocks [][]byte
	size   int
}

// begin returns the block that the next item goes to, with the comma before it. It is put back by end.
func (l *list) begin() []byte {
	n := len(l.blocks)
	switch {
	case n == 0:
		l.blocks = append(l.blocks, nil)
		return nil
	case len(l.blocks[n-1]) >= blockBytes:
		l.blocks = append(l.blocks, make([]byte, 0, blockBytes+blockBytes/8))
		return append(l.blocks[n], ',')
	}
	return append(l.blocks[n-1], ',')
}

// end puts the block back that begin returned, with one item more.
func (l *list) end(block []byte) {
	last := &l.blocks[len(l.blocks)-1]
	l.size += len(block) - len(*last)
	*last = block
}
