import { runSeed, type SeedRun } from './run-seed.ts'

/** A process of its own that plays one world after another, as it is told. */
process.on('message', (order: SeedRun) => {
  void runSeed(order).then((result) => process.send?.(result))
})
