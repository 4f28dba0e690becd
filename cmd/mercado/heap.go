package main

// heapFloor is how much the heap of the API holds, in bytes, before what it allocates counts.
const heapFloor = 64 << 20

// raiseHeap returns memory that is never written to, so that the machine never gives any for it; the
// caller keeps it alive as long as it serves. The collector runs when the heap has doubled: one of
// 10 MB, as the API's is, doubles with every 250 pages of products, and each time both processors mark it
// while requests wait. That was half of the slowest requests. With this, it doubles with every
// 1,700 pages. GOGC and GOMEMLIMIT mean what they always mean; a percentage that is large enough instead
// would be a percentage of passwords, too, which take 19 MiB each while they are hashed.
func raiseHeap() []byte { return make([]byte, heapFloor) }
