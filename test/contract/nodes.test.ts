import { NodesBed } from './nodes-bed.ts'
import { testStorage } from './storage.ts'

/**
 * Left out: jumps of the clock, because moments are those of the database, whose clock is right here; and stored sums,
 * because a node has none and reads entries.
 */
testStorage('a node of several over one database', async () => new NodesBed(), [
  'clock jumps',
  'stored sums',
])
