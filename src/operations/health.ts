/**
 * What a check-up of the installation finds. Whoever knows a fact judges it and says what to do; the command
 * line and the admin API only show it. docs/health.md has a row per check.
 */
export type HealthStatus = 'ok' | 'warn' | 'bad'

export type HealthFact = {
  /** The check's stable name, in kebab-case. */
  readonly check: string
  /** `warn`: it works, and will not for ever or for everybody. `bad`: a person must act. */
  readonly status: HealthStatus
  /** What was seen, as one sentence. */
  readonly found: string
  /** What comes of it; null where all is well. */
  readonly meaning: string | null
  readonly cure: HealthCure | null
}

export type HealthCure = {
  readonly say: string
  /**
   * The exact command, where there is one. One that begins with `plimsoll ` is a command of ours: whoever
   * shows it adds how this installation is found.
   */
  readonly run: string | null
}

const order: readonly HealthStatus[] = ['ok', 'warn', 'bad']

export function worstOf(facts: readonly HealthFact[]): HealthStatus {
  const worst = Math.max(0, ...facts.map(({ status }) => order.indexOf(status)))
  return order[worst] ?? 'ok'
}
