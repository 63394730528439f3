import type { Hono } from 'hono'
import { findKey } from '../../operations/find-key.ts'
import { listPrices } from '../../operations/list-published.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { sendTestMessage, UnansweredMessage } from './test-message.ts'
import { commandOf, memberOf, type AdminContext, type AdminVariables } from '../callers/callers.ts'
import { testMessageSchema, type ConnectAnswer, type TestMessageAnswer } from '../contract/keys.ts'
import { AdminFailure } from '../failures.ts'
import { answer, bodyOf } from '../http/exchange.ts'
import { FirstAnswers } from '../http/first-answers.ts'

/** A page sends one at a time; each keeps a connection here for as long as its answer takes. */
const runningMax = 2
const modelsUsual = ['claude-haiku-4-5', 'claude-sonnet-4-5']

/** What a member needs to set up its clients, and a message to try it with. */
export function addConnecting(
  routes: Hono<{ Variables: AdminVariables }>,
  parts: AdminApiParts,
): void {
  routes.get('/connect', async (c) => {
    const prices = await listPrices(parts)
    const used = prices.toReversed().map(({ model }) => model)
    const { gatewayUrl, currencySymbol } = parts.about
    return answer(c, {
      gatewayUrl,
      models: [...new Set([...used, ...modelsUsual])],
      currencySymbol,
    } satisfies ConnectAnswer)
  })

  const running = new Map<string, number>()
  const firsts = new FirstAnswers(parts, (failure) => failure instanceof UnansweredMessage)
  routes.post('/test-message', async (c) => {
    const { model, text, ...asked } = await bodyOf(c, testMessageSchema)
    const command = commandOf(c)
    const keyText = asked.keyText ?? presentedKey(c)
    const { customerId, memberId } = memberOf(c)
    const owner = keyText === null ? undefined : await findKey(parts, keyText)
    const isOwn = owner?.customerId === customerId && owner.memberId === memberId
    if (keyText === null || !isOwn)
      throw new AdminFailure('unknown_key', 'That is no key of yours that is in use.')
    const message = { keyText, model, text }
    const send = async (): Promise<TestMessageAnswer> => {
      const name = `${customerId}:${memberId}`
      const count = running.get(name) ?? 0
      if (count >= runningMax)
        throw new AdminFailure('too_fast', 'Test messages of yours are still running.')
      running.set(name, count + 1)
      try {
        return await sendTestMessage(parts, message)
      } finally {
        const left = (running.get(name) ?? 1) - 1
        if (left > 0) running.set(name, left)
        else running.delete(name)
      }
    }
    return answer(c, await firsts.once(command, message, send))
  })
}

function presentedKey(c: AdminContext): string | null {
  const credential =
    c.req
      .header('authorization')
      ?.replace(/^Bearer +/i, '')
      .trim() ?? ''
  return credential.startsWith('plim_') ? credential : null
}
