import type { Prompt } from './seat.ts'

/** What the sender of one request sees. */
export type Reply = {
  readonly status: number
  /** The error type in the API's own shape; null when it was answered. */
  readonly errorType: string | null
  /** The model's text, or the error's message. */
  readonly text: string
  /** Who paid, and the decision's id; only the one-book half says so. */
  readonly source: string | null
  readonly decisionId: string | null
}

/** What a usage page shows, read from each half the way its own page reads it. */
export type UsageShown = {
  readonly weekPercent: number
  readonly sessionPercent: number
  readonly balance: string
  readonly spent: string
  readonly isExtraUsageOn: boolean
  /** How often somebody saved the switch. */
  readonly saveCount: number
}

/** What a user can do, and the one thing that happens to him; the same for both halves. */
export interface Half {
  /** Sends one request with the credential in use. */
  send(prompt: Prompt): Promise<Reply>
  /** Takes a new credential into use, as a new log-in does. Returns its first letters. */
  logIn(): Promise<string>
  readUsage(): Promise<UsageShown>
  /** Sets the switch and saves. */
  save(isOn: boolean): Promise<void>
}

export type LineKind = 'call' | 'answered' | 'refused' | 'figure' | 'fault' | 'note'

/** One line of a half's column. A figure has its value at the right edge. */
export type Line = { readonly kind: LineKind; readonly text: string; readonly value?: string }

export function replyLines(reply: Reply): readonly Line[] {
  if (reply.status === 200) {
    const paidBy = reply.source === null ? '' : ` · paid by ${reply.source.replace('_', ' ')}`
    return [{ kind: 'answered', text: `200${paidBy} · “${reply.text}”` }]
  }
  return [{ kind: 'refused', text: `${reply.status} ${reply.errorType ?? ''}: ${reply.text}` }]
}

export function usageLines(usage: UsageShown): readonly Line[] {
  return [
    { kind: 'figure', text: 'Week', value: `${usage.weekPercent} %` },
    { kind: 'figure', text: 'Session', value: `${usage.sessionPercent} %` },
    { kind: 'figure', text: 'Extra usage, balance', value: usage.balance },
    { kind: 'figure', text: 'Extra usage, spent', value: usage.spent },
    {
      kind: 'figure',
      text: 'Switch',
      value: `${usage.isExtraUsageOn ? 'on' : 'off'}, saved ${usage.saveCount} ${usage.saveCount === 1 ? 'time' : 'times'}`,
    },
  ]
}

type ErrorBody = { readonly error?: { readonly type?: string; readonly message?: string } }
type MessageBody = { readonly content?: readonly { readonly text?: string }[] }

/** Reads an answer of the Messages API, whichever half gave it. */
export async function readReply(response: Response): Promise<Reply> {
  const body = (await response.json()) as ErrorBody & MessageBody
  return {
    status: response.status,
    errorType: body.error?.type ?? null,
    text: body.error?.message ?? body.content?.[0]?.text ?? '',
    source: response.headers.get('x-plimsoll-source'),
    decisionId: response.headers.get('x-plimsoll-decision'),
  }
}
