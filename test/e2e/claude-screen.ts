import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { clientBinary } from './available.ts'
import type { Client } from './claude-client.ts'

/**
 * The client in a real terminal, as a person sees it. The terminal is tmux in control mode, which tells of
 * every change of the screen, so that nothing here has to wait and look again.
 */
export interface Screen extends AsyncDisposable {
  /** Types a line of plain words, and sends it when it stands on the screen. */
  enter(line: string): Promise<void>
  /** Resolves with the screen once the text is on it, wherever its lines are broken. */
  until(text: string): Promise<string>
}

const untilMaxMs = 30_000
const endMaxMs = 5_000
const size = ['-x', '120', '-y', '45']

export async function openScreen(client: Client): Promise<Screen> {
  const binary = clientBinary()
  assert.ok(binary !== undefined, 'the client is not installed')
  skipFirstStart(client)
  const tmux = new Tmux(client, ['env', binary])
  const until = (text: string): Promise<string> => tmux.until(text)
  try {
    await until('/effort')
  } catch (error) {
    await tmux.end()
    throw error
  }
  return {
    until,
    async enter(line) {
      await tmux.command(`send-keys -l -- '${line}'`)
      await until(`❯ ${line}`)
      await tmux.command('send-keys Enter')
    },
    async [Symbol.asyncDispose]() {
      await tmux.end()
      client.assertKeptToGateway()
    },
  }
}

/** What the first start asks (theme, trust in the folder, use of the key) is answered as a person would. */
function skipFirstStart({ environment, workFolder }: Client): void {
  const path = join(environment['CLAUDE_CONFIG_DIR'] ?? '', '.claude.json')
  const keyEnd = environment['ANTHROPIC_API_KEY']?.slice(-20)
  const answers = {
    hasCompletedOnboarding: true,
    projects: { [workFolder]: { hasTrustDialogAccepted: true } },
    customApiKeyResponses: { approved: keyEnd === undefined ? [] : [keyEnd], rejected: [] },
  }
  writeFileSync(path, JSON.stringify(answers))
}

/** https://man7.org/linux/man-pages/man1/tmux.1.html, "Control mode" */
class Tmux {
  readonly #child: ReturnType<typeof spawn>
  readonly #waiting: ((answer: string) => void)[] = []
  readonly #ended: Promise<unknown>
  #block: string[] | null = null
  #changes = 0
  #onChange: () => void = () => {}
  #isOver = false

  constructor({ folder, workFolder, environment }: Client, program: readonly string[]) {
    const socket = join(folder, 'terminal')
    const control = ['-S', socket, '-f', '/dev/null', '-C', 'new-session', ...size]
    this.#child = spawn('tmux', [...control, ...program], {
      cwd: workFolder,
      env: { ...environment, LANG: 'C.UTF-8', SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#ended = once(this.#child, 'close').then(() => {
      this.#isOver = true
      for (const resolve of this.#waiting.splice(0)) resolve('')
      this.#onChange()
    })
    // Its first answer is to the command that started it.
    this.#waiting.push(() => {})
    assert.ok(this.#child.stdout !== null && this.#child.stdin !== null)
    this.#child.stdin.on('error', () => {})
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#read(line))
  }

  /** Empty once the terminal has ended. */
  command(text: string): Promise<string> {
    if (this.#isOver) return Promise.resolve('')
    this.#child.stdin?.write(`${text}\n`)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async until(text: string): Promise<string> {
    const wanted = withoutSpace(text)
    const bound = AbortSignal.timeout(untilMaxMs)
    const late = once(bound, 'abort')
    for (;;) {
      const seen = this.#changes
      const screen = await this.command('capture-pane -p')
      if (withoutSpace(screen).includes(wanted)) return screen
      const isOver = this.#isOver || bound.aborted
      assert.ok(!isOver, `"${text}" did not appear on the screen:\n${screen}`)
      if (this.#changes > seen) continue
      await Promise.race([new Promise<void>((resolve) => (this.#onChange = resolve)), late])
    }
  }

  /** The terminal's server ends with its only program. */
  async end(): Promise<void> {
    const pid = Number(await this.command("display-message -p '#{pane_pid}'"))
    if (this.#isOver || !(pid > 0)) return
    process.kill(pid, 'SIGTERM')
    const bound = setTimeout(() => process.kill(pid, 'SIGKILL'), endMaxMs)
    await this.#ended
    clearTimeout(bound)
  }

  #read(line: string): void {
    if (/^%(end|error) /.test(line) && this.#block !== null) {
      this.#waiting.shift()?.(this.#block.join('\n'))
      this.#block = null
    } else if (this.#block !== null) {
      this.#block.push(line)
    } else if (line.startsWith('%begin ')) {
      this.#block = []
    } else if (line.startsWith('%output ')) {
      this.#changes++
      this.#onChange()
    }
  }
}

const withoutSpace = (text: string): string => text.replaceAll(/\s+/g, '')
