import { parentPort } from 'node:worker_threads'
import {
  answering,
  messageEvents,
  piece,
  startScriptedUpstream,
  streamHead,
  type UpstreamCall,
} from '../../e2e/scripted-upstream.ts'

/** An LLM API in a thread of its own: 10 MB to who asks for a stream, a word to everybody else. */
const longAnswer = messageEvents(Array<string>(200).fill('word '.repeat(10_000)), {
  input_tokens: 10,
  output_tokens: 5,
}).map(piece)
const shortAnswer = answering('hi', { input_tokens: 10, output_tokens: 5 })

async function answer(call: UpstreamCall): Promise<void> {
  if (!call.body.includes('"stream":true')) {
    await shortAnswer(call)
    return
  }
  call.send(streamHead)
  for (const one of longAnswer) if (!call.send(one)) await call.drained()
  call.send('0\r\n\r\n')
}

const upstream = await startScriptedUpstream((call) => answer(call))
parentPort?.postMessage(upstream.url)
