/** The plans and prices of the simulated world: small, so that limits are met all the time. */
const session = (money: string, hours = 5) => ({ money, window: { kind: 'session', hours } })

export const planIds = ['small', 'middle', 'tokens', 'counted', 'credit', 'nothing'] as const

/** `variant` gives windows other lengths and anchors, which may count from the next instance only. */
export function plansText(scale: number, variant = 0): string {
  const hours = [5, 2, 7][variant] ?? 5
  const time = ['09:30', '15:00', '00:15'][variant] ?? '09:30'
  const money = (amount: number): string => String(amount * scale)
  return JSON.stringify({
    plans: {
      small: {
        name: 'Small',
        limits: { session: session(money(2), hours) },
        outputTokensExpected: 200,
        runningMax: 4,
      },
      middle: {
        name: 'Middle',
        limits: {
          session: session(money(6), hours),
          week: { money: money(8), window: { kind: 'week', zone: 'Europe/Berlin' } },
          'week-dear': {
            money: money(3),
            window: { kind: 'week', weekday: 'thursday', time, zone: 'America/New_York' },
            models: ['sim-dear'],
          },
        },
        outputTokensExpected: 150,
      },
      tokens: {
        name: 'Tokens',
        limits: {
          day: { tokens: Math.round(4000 * scale), window: { kind: 'day', zone: 'Asia/Kolkata' } },
          session: session(money(9)),
        },
        outputTokensExpected: 100,
        runningMax: 3,
      },
      counted: {
        name: 'Counted',
        limits: {
          count: { requests: Math.round(8 * scale), window: { kind: 'session', hours: 3 } },
          month: { money: money(60), window: { kind: 'month', zone: 'UTC' } },
        },
        outputTokensExpected: 300,
      },
      credit: {
        name: 'With credit',
        limits: { session: session(money(1)) },
        grants: { monthly: { amount: money(3), every: 'month' } },
        outputTokensExpected: 200,
      },
      nothing: {
        name: 'Nothing but extra usage',
        limits: { none: { requests: 0, window: { kind: 'day' } } },
        outputTokensExpected: 200,
      },
    },
  })
}

/** No price has it, so nobody is served. */
export const unpricedModel = 'nobody-knows'

export const models = ['sim-cheap', 'sim-dear', 'sim-free', unpricedModel] as const

/** Dollars per million tokens: a request of the cheap model costs about half a dollar. Sums of odd prices are rounded once. */
export const pricesText = JSON.stringify({
  models: {
    'sim-cheap': {
      input: '1000',
      output: '2000',
      cache_read: '100',
      cache_write_5m: '1250',
      cache_write_1h: '2000',
      web_search: '0.05',
    },
    'sim-dear': { input: '3000.000000001', output: '10000.000000001' },
    'sim-free': { input: '0', output: '0' },
  },
})
