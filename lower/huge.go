package lower

// HugePage is the size of the pages that AdviseHuge asks for: memory has some only where
// it fills them, from an address that is a multiple of it.
const HugePage = 2 << 20
