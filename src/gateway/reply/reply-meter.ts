import { createStreamMeter, meterJson, type MeterReading } from '../../providers/anthropic-usage.ts'
import { isEventStream, isJson } from './relay.ts'
import type { ReplyHead } from './upstream.ts'

/** Reads usage from the chunks of a good reply as they pass, whether it streams or comes as one JSON text. */
export interface ReplyMeter {
  /** The chunk was passed on already; nothing here can hold it up. */
  push(chunk: Buffer, head: ReplyHead, elapsedMs: number): void
  /** The reply is over, or will not go on. */
  end(): void
  /** Null when nothing of a good reply came. */
  reading(): MeterReading | null
}

type PartMeter = {
  push(chunk: Buffer, elapsedMs: number): void
  end(): void
  reading(): MeterReading
}

/** A JSON reply is kept until its end to be read; past this it is settled by an estimate. */
const jsonReplyBytesMax = 64 * 1024 * 1024
/** How much of a first chunk is looked at for what it is; space at the beginning of either means nothing. */
const beginBytes = 1024

export function createReplyMeter(): ReplyMeter {
  let meter: PartMeter | null = null
  return {
    push(chunk, head, elapsedMs) {
      meter ??= chooseMeter(chunk, head)
      meter?.push(chunk, elapsedMs)
    },
    end() {
      meter?.end()
    },
    reading() {
      return meter?.reading() ?? null
    },
  }
}

/** A reply that is labelled as neither is taken for what it begins as. */
function chooseMeter(chunk: Buffer, head: ReplyHead): PartMeter | null {
  if (isEventStream(head)) return createStreamMeter()
  if (isJson(head)) return createJsonMeter()
  const begin = chunk.toString('latin1', 0, beginBytes).trimStart()
  if (begin === '') return null
  return begin.startsWith('{') ? createJsonMeter() : createStreamMeter()
}

function createJsonMeter(): PartMeter {
  let chunks: Buffer[] = []
  let bytes = 0
  let reading: MeterReading | undefined
  return {
    push(chunk) {
      bytes += chunk.length
      if (bytes <= jsonReplyBytesMax) chunks.push(chunk)
    },
    end() {
      reading ??= meterJson(Buffer.concat(chunks))
      chunks = []
    },
    reading() {
      return reading ?? meterJson(Buffer.concat(chunks))
    },
  }
}
