import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openClient, type Client } from '../e2e/claude-client.ts'
import { openScreen } from '../e2e/claude-screen.ts'
import { startScriptedUpstream } from '../e2e/scripted-upstream.ts'
import { onScreen, refusalCases, type RefusalCase } from './refusal-cases.ts'

/**
 * Has the real client refused in every way of `refusal-cases.ts`, on loopback, and keeps what it wrote: the
 * transcripts and streams that the doctor is tried on. Run it again when the pinned client changes:
 * `node scripts/bootstrap.mjs test/doctor/capture-transcripts.ts`
 */
const folder = join(import.meta.dirname, 'transcripts')

/** These hold the vendor's instructions, not what happened, and are most of a transcript. */
const emptied = new Set([
  'attachment',
  'api-request-shape',
  'api-request-blob',
  'api-request',
  'atis-latch',
])
const textMax = 2_000

function scrubbed(text: string, client: Pick<Client, 'folder'>): string {
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => `${scrubbedLine(line, client.folder)}\n`).join('')
}

function scrubbedLine(line: string, clientFolder: string): string {
  const record = JSON.parse(line) as Record<string, unknown>
  const type = String(record['type'])
  const kept = emptied.has(type)
    ? { type, timestamp: record['timestamp'], sessionId: record['sessionId'] }
    : type === 'system' && record['subtype'] === 'init'
      ? {
          type,
          subtype: 'init',
          cwd: record['cwd'],
          session_id: record['session_id'],
          claude_code_version: record['claude_code_version'],
        }
      : record
  return JSON.stringify(kept, (_, value: unknown) =>
    typeof value === 'string'
      ? value
          .slice(0, textMax)
          .replaceAll(clientFolder, '/home/ada')
          .replaceAll(clientFolder.replaceAll(/[^A-Za-z0-9]/g, '-'), '-home-ada')
      : value,
  )
}

const transcriptOf = (client: Client): string => {
  const [path] = globSync(join(client.folder, 'config', 'projects', '**', '*.jsonl'))
  return path ?? ''
}

async function capture(one: RefusalCase): Promise<void> {
  const { name, credential, answer, args = [], environment = {} } = one
  const upstream = await startScriptedUpstream(answer)
  try {
    await using client = await openClient({
      url: upstream.url,
      keyText: 'dummy-key-of-a-test',
      credential,
    })
    const end = await client.run(
      ['-p', 'say hi', '--output-format', 'stream-json', '--verbose', ...args],
      environment,
    )
    keep(`print/${name}`, scrubbed(readFileSync(transcriptOf(client), 'utf8'), client))
    keep(`stream/${name}`, scrubbed(end.out, client))
  } finally {
    await upstream.close()
  }
}

/** What a person sees in a terminal, where the session is an interactive one. */
async function captureScreen(one: RefusalCase, words: string): Promise<void> {
  const upstream = await startScriptedUpstream(one.answer)
  try {
    await using client = await openClient({
      url: upstream.url,
      keyText: 'dummy-key-of-a-test',
      credential: one.credential,
    })
    {
      await using screen = await openScreen(client)
      await screen.enter('say hi')
      await screen.until(words)
    }
    // It writes the last records when it ends.
    keep(`screen/${one.name}`, scrubbed(readFileSync(transcriptOf(client), 'utf8'), client))
  } finally {
    await upstream.close()
  }
}

function keep(name: string, text: string): void {
  const path = join(folder, `${name}.jsonl`)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
  console.log(`${name}: ${text.length} bytes`)
}

if (import.meta.main) {
  for (const one of refusalCases) await capture(one)
  for (const one of refusalCases) {
    const words = onScreen[one.name]
    if (words !== undefined) await captureScreen(one, words)
  }
}
