/**
 * Stands in for `node:test` where one process runs the same tests thousands of times: a test file that is imported
 * leaves its tests here, and nothing runs by itself.
 */
export type CollectedTest = { readonly name: string; readonly run: () => unknown }

type Body = () => unknown

export const collected: CollectedTest[] = []
const within: string[] = []

/** `test(name, body)` or `test(name, options, body)`; options such as a timeout have no use here. */
export function test(name: string, ...rest: readonly [...unknown[], Body]): void {
  const run = rest.at(-1)
  if (typeof run !== 'function') throw new Error(`The test "${name}" has no body`)
  collected.push({
    name: [...within, name].join(' › '),
    run: () => Reflect.apply(run, undefined, []),
  })
}

export function describe(name: string, body: Body): void {
  within.push(name)
  body()
  within.pop()
}
