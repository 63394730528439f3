import { createStreamMeter, meterJson, type MeterReading } from '../providers/anthropic-usage.ts'
import { isEventStream } from './relay.ts'
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

export function createReplyMeter(): ReplyMeter {
  let meter: PartMeter | null = null
  return {
    push(chunk, head, elapsedMs) {
      meter ??= isEventStream(head) ? createStreamMeter() : createJsonMeter()
      meter.push(chunk, elapsedMs)
    },
    end() {
      meter?.end()
    },
    reading() {
      return meter?.reading() ?? null
    },
  }
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
