import { runSeed, type SeedRun } from './run-seed.ts'

/** A process of its own that plays one world after another, as it is told. */
process.on('message', (order: SeedRun) => {
  void runSeed(order).then((result) => process.send?.(result))
})

// Whoever asked is gone, in the middle of a world or between two.
process.on('disconnect', () => process.exit())
