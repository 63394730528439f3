import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promptOf, seat } from './seat.ts'

/** The model behind both halves of the story: it answers a known prompt with known usage. */
export type ModelUpstream = {
  readonly url: string
  readonly requestCount: () => number
  close(): Promise<void>
}

type MessagesBody = { readonly messages: readonly { readonly content: unknown }[] }

function textOf(body: MessagesBody): string {
  const content = body.messages[0]?.content
  return typeof content === 'string' ? content : ''
}

export async function openModelUpstream(): Promise<ModelUpstream> {
  let requestCount = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      requestCount += 1
      // The story's time is its own; this machine's would contradict it.
      response.sendDate = false
      const prompt = promptOf(
        textOf(JSON.parse(Buffer.concat(chunks).toString('utf8')) as MessagesBody),
      )
      response.writeHead(200, {
        'content-type': 'application/json',
        'request-id': `req_model_${requestCount}`,
      })
      response.end(
        JSON.stringify({
          id: `msg_${requestCount}`,
          type: 'message',
          role: 'assistant',
          model: seat.model,
          content: [{ type: 'text', text: prompt.reply }],
          stop_reason: 'end_turn',
          stop_sequence: null,
          usage: {
            input_tokens: prompt.inputTokens,
            output_tokens: prompt.outputTokens,
            cache_creation_input_tokens: 0,
            cache_read_input_tokens: 0,
          },
        }),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requestCount: () => requestCount,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
