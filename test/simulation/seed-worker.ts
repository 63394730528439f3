import { runSeed } from './run-seed.ts'

/** A process of its own that plays one world after another, as it is told. */
process.on('message', (order: { readonly seed: number; readonly steps: number }) => {
  void runSeed(order).then((result) => process.send?.(result))
})
