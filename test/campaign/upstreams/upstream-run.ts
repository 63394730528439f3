import type { Entry } from '../../../src/core/entry.ts'
import { nanosPerUnit } from '../../../src/core/money.ts'
import { piece, streamEnd, type UpstreamCall } from '../../e2e/scripted-upstream.ts'
import { askBody, openScriptedWorld, type ScriptedWorld } from '../../e2e/scripted-world.ts'
import { openRaw, parseReply, requestBytes } from '../../e2e/raw-http.ts'
import { sessionPlan, type LogLine } from '../../e2e/world.ts'
import { rollScript, type Dice, type Script } from './upstream-script.ts'

/** What a batch of odd answers came to; each finding says what was wrong with which answer. */
export type Findings = {
  readonly lost: string[]
  readonly deniedFalsely: string[]
  readonly broken: string[]
  readonly tally: { bytes: number; settled: number; estimated: number; voided: number }
}

const maxTokens = 1000
/** As many requests run at once; each has its own script. */
const lanes = 8

/** Sends one request per script through a gateway of its own, and compares what came of each with its script. */
export async function runBatch(dice: Dice, size: number, findings: Findings): Promise<void> {
  const scripts = Array.from({ length: size }, () => rollScript(dice))
  await using world = await openScriptedWorld((call) => answer(call, scripts), {
    plan: sessionPlan(10_000_000n * nanosPerUnit, { runningMax: 1000 }),
  })
  const received = new Map<number, Buffer>()
  let next = 0
  const lane = async (): Promise<void> => {
    for (let at = next++; at < size; at = next++) {
      const script = scripts[at]
      if (script !== undefined) received.set(at, await ask(world, script, at))
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  const lines = await world.finished(size)
  for (const [at, script] of scripts.entries()) {
    const line = lines.find((one) => one['upstreamRequestId'] === `req_${at}`)
    for (const fault of faultsOf(script, { line, received: received.get(at) })) {
      findings.broken.push(`${script.kind} ${at}: ${fault}`)
    }
    tally(findings, script, line)
  }
  await checkBooks(world, size, findings)
}

function answer(call: UpstreamCall, scripts: readonly Script[]): void {
  const at = Number(/script-(\d+)-/.exec(call.body.toString())?.[1])
  const script = scripts[at]
  if (script === undefined) return call.reset()
  const { head, body, cuts, ending } = script
  call.send(
    [
      'HTTP/1.1 200 OK',
      ...head,
      `request-id: req_${at}`,
      'transfer-encoding: chunked',
      '\r\n',
    ].join('\r\n'),
  )
  let from = 0
  for (const cut of [...cuts, body.length]) {
    if (cut > from) call.send(piece(body.subarray(from, cut)))
    from = cut
  }
  if (ending === 'end') call.send(streamEnd)
  else if (ending === 'finish') call.finish()
  else call.reset()
}

async function ask(world: ScriptedWorld, script: Script, at: number): Promise<Buffer> {
  const content = `script-${at}-`
  const connection = await openRaw(world.url)
  connection.write(
    requestBytes({
      path: '/v1/messages',
      headers: [...Object.entries(world.seat.headers), ['Connection', 'close'] as const],
      body: askBody({
        stream: script.isStream,
        max_tokens: maxTokens,
        messages: [{ role: 'user', content }],
      }),
    }),
  )
  if (script.leavesAfter === null) return connection.toEnd()
  let seen = 0
  connection.socket.on('data', (chunk: Buffer) => {
    seen += chunk.length
    if (seen > (script.leavesAfter ?? 0)) connection.leave()
  })
  return connection.toEnd()
}

type Outcome = { readonly line: LogLine | undefined; readonly received: Buffer | undefined }

function* faultsOf(script: Script, { line, received }: Outcome): Generator<string> {
  if (line === undefined) return yield 'no log line, or no head passed'
  if (line['hold'] !== 'settled' && line['hold'] !== 'voided') yield `hold ${String(line['hold'])}`
  yield* passingFaults(script, received ?? Buffer.alloc(0))
  if (line['hold'] === 'settled') yield* chargeFaults(script, line)
  else if (script.exact !== null) yield 'a whole answer was not charged'
}

function* passingFaults(script: Script, received: Buffer): Generator<string> {
  if (script.leavesAfter !== null) return
  // A reset may overtake what was sent before it, the head too.
  if (!received.includes('\r\n\r\n')) {
    if (script.ending !== 'reset') yield 'no reply'
    return
  }
  const { body } = parseReply(received)
  const text = body.toString()
  if (script.hasAccountError) {
    if (/credit balance|out of extra usage|x-api-key|billing_error/.test(text)) {
      yield "the upstream's words about the account passed"
    }
    if (!text.includes('"error_code":"upstream_account"')) yield 'the end was not told'
    return
  }
  const isWhole = body.equals(script.body)
  const isPart = script.body.subarray(0, body.length).equals(body)
  if (script.ending === 'reset' ? !isPart : !isWhole) yield 'the bytes that passed are others'
}

/** Figures that stand in what was sent and could be believed. */
function reported(body: Buffer, field: string): number {
  const found = body
    .toString()
    .matchAll(new RegExp(`"${field}"\\s*:\\s*(\\d{1,8})(?![\\d.eE])`, 'g'))
  return Math.max(0, ...[...found].map(([, digits]) => Number(digits)))
}

function* chargeFaults(script: Script, line: LogLine): Generator<string> {
  const [input, output] = [Number(line['usage_input'] ?? 0), Number(line['usage_output'] ?? 0)]
  const isExact = line['isEstimate'] === false
  const { exact, body } = script
  if (exact !== null && (!isExact || input !== exact.input || output !== exact.output)) {
    yield `charged ${input} and ${output}, estimate ${!isExact}, for ${JSON.stringify(exact)}`
  }
  if (![input, output].every((count) => Number.isSafeInteger(count) && count >= 0)) {
    yield `charged ${input} and ${output}`
  }
  const outputMax = Math.max(reported(body, 'output_tokens'), isExact ? 0 : maxTokens)
  if (output > outputMax) yield `output ${output} above ${outputMax}`
  // What the request itself can be; the reply's tools bring in at most what passed.
  const inputMax = Math.max(reported(body, 'input_tokens'), 500) + body.length
  if (input > inputMax) yield `input ${input} above ${inputMax}`
}

function tally({ tally: sums }: Findings, script: Script, line: LogLine | undefined): void {
  sums.bytes += script.body.length
  if (line?.['hold'] === 'voided') sums.voided += 1
  else if (line?.['isEstimate'] === true) sums.estimated += 1
  else sums.settled += 1
}

async function checkBooks(world: ScriptedWorld, size: number, findings: Findings): Promise<void> {
  const bodies = (await world.entries()).map((entry) => entry.body)
  const held = bodies.filter((body) => body.kind === 'held').map((body) => body.holdId)
  const ended = bodies.filter(isEnd).map((body) => body.holdId)
  if (held.length < size) findings.deniedFalsely.push(`${size - held.length} requests got no hold`)
  if (new Set(ended).size !== ended.length || ended.length !== held.length) {
    findings.lost.push(`${held.length} holds, ${ended.length} ends`)
  }
  const costs = bodies.map((body) => (body.kind === 'settled' ? body.costNanos : 0n))
  const sum = costs.reduce((left, right) => left + right, 0n)
  const figures = await world.figures()
  const [limit] = figures.limits
  if (limit?.used !== sum || limit.held !== 0n || figures.runningCount !== 0) {
    findings.lost.push(`used ${limit?.used}, held ${limit?.held}, settled ${sum}`)
  }
  const { running, waiting } = world.gateway.upstreamHealth().connections
  if (running + waiting !== 0) findings.broken.push(`${running} connections left behind`)
  const alarms = world.logs.filter(
    (line) => line.level === 'error' && line.message !== 'upstream account',
  )
  for (const { message, error } of alarms) {
    findings.broken.push(`${message}: ${String(error)}`)
  }
}

type End = Extract<Entry['body'], { kind: 'settled' | 'voided' | 'expired' }>
const isEnd = (body: Entry['body']): body is End => /^(settled|voided|expired)$/.test(body.kind)
