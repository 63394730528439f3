import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { CoreTree } from './core-mutants.ts'
import type { Asked, Measured, Order, Told } from './worker-messages.ts'

/** A worker process, or how it ended: an answer comes back for everything that it is asked. */
export type Answer =
  | Told
  /** It did not answer in time, and was ended. */
  | { readonly kind: 'too_long' }
  /** It died, out of memory say. */
  | { readonly kind: 'died' }

/** How long loading and measuring may take: seconds, on a machine that does nothing else. */
const beginMaxMs = 300_000

const living = new Set<ChildProcess>()
/** One that hangs within a mutant does not see that nobody is there any more. */
process.once('exit', () => living.forEach((child) => child.kill('SIGKILL')))

export class Worker {
  readonly #process: ChildProcess

  private constructor(mutantId: string | undefined) {
    const { __STRYKER_ACTIVE_MUTANT__: _other, ...env } = process.env
    this.#process = fork(join(import.meta.dirname, 'worker.ts'), {
      env: mutantId === undefined ? env : { ...env, __STRYKER_ACTIVE_MUTANT__: mutantId },
      execArgv: ['--max-old-space-size=1500'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const child = this.#process
    living.add(child)
    child.once('exit', () => living.delete(child))
  }

  /** With a mutant that is there before any module is loaded, or none. */
  static async start(
    tree: Pick<CoreTree, 'folder' | 'tests'>,
    { lawRuns, mutantId }: { readonly lawRuns: readonly number[]; readonly mutantId?: string },
  ): Promise<{ readonly worker: Worker; readonly loaded: Answer }> {
    const worker = new Worker(mutantId)
    const { folder, tests: files } = tree
    const loaded = await worker.#ask({ kind: 'load', tree: folder, files, lawRuns })
    return { worker, loaded }
  }

  async measure(): Promise<Measured> {
    const answer = await this.#ask({ kind: 'measure' })
    if (answer.kind === 'measured') return answer.measured
    throw new Error(
      `The tests do not pass without a mutant: ${answer.kind === 'broken' ? answer.failure : answer.kind}`,
    )
  }

  try(asked: Omit<Asked, 'kind'>, maxMs: number): Promise<Answer> {
    return this.#ask({ kind: 'try', ...asked }, maxMs)
  }

  end(): void {
    this.#process.kill('SIGKILL')
  }

  #ask(
    question: Order | Asked | { readonly kind: 'measure' },
    maxMs = beginMaxMs,
  ): Promise<Answer> {
    const child = this.#process
    return new Promise((resolve) => {
      const finish = (answer: Answer): void => {
        clearTimeout(timer)
        child.off('message', finish).off('exit', onExit)
        if (answer.kind === 'too_long') this.end()
        resolve(answer)
      }
      const onExit = (): void => finish({ kind: 'died' })
      const timer = setTimeout(() => finish({ kind: 'too_long' }), maxMs)
      child.once('message', finish).once('exit', onExit)
      child.send(question)
    })
  }
}
