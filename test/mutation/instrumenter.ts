import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runNpm } from '../../scripts/npm.mjs'
import { root } from '../mutants/mutant.ts'

/**
 * The instrumenter of StrykerJS, which writes every mutant of a source into it behind a switch. It is no dependency of
 * the project: this puts the one version that outcomes were worked out with into `.cache/`, when it is asked for first.
 */
export const instrumenterVersion = '10.1.1'
const packageName = '@stryker-mutator/instrumenter'
const folder = join(root, '.cache', `instrumenter-${instrumenterVersion}`)

/** Lines and columns count from 0. */
type Place = { readonly line: number; readonly column: number }

export type RawMutant = {
  readonly id: string
  readonly fileName: string
  readonly mutatorName: string
  readonly replacement: string
  readonly location: { readonly start: Place; readonly end: Place }
}

type Source = { readonly name: string; readonly content: string }
export type Instrumented = {
  readonly files: readonly Source[]
  readonly mutants: readonly RawMutant[]
}

type Instrumenter = {
  readonly instrument: (
    files: readonly (Source & { readonly mutate: true })[],
    options: object,
  ) => Promise<Instrumented>
}
type Module = { readonly Instrumenter: new (logger: object) => Instrumenter }

export async function instrument(sources: readonly Source[]): Promise<Instrumented> {
  await install()
  const path = join(folder, 'node_modules', packageName, 'dist', 'src', 'index.js')
  const { Instrumenter: Made }: Module = await import(pathToFileURL(path).href)
  const silent = { debug: () => {}, info: () => {}, isDebugEnabled: () => false }
  const files = sources.map((source) => ({ ...source, mutate: true as const }))
  const options = { plugins: null, ignorers: [], excludedMutations: [] }
  return await new Made(silent).instrument(files, options)
}

/** Beside its final place first, and moved there when complete, so a folder that exists is whole. */
async function install(): Promise<void> {
  if (existsSync(folder)) return
  console.error(`Installing ${packageName} ${instrumenterVersion} (about 23 MB) into .cache/ …`)
  const unfinished = `${folder}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  writeFileSync(join(unfinished, 'package.json'), '{ "private": true }\n')
  try {
    const what = `${packageName}@${instrumenterVersion}`
    await runNpm(unfinished, ['install', '--ignore-scripts', '--save-exact', what])
    if (!existsSync(folder)) renameSync(unfinished, folder)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}
