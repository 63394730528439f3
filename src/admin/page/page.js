import { buttonById, byId, inputById, say } from './element.js'
import { showExplainProblem, showExplanation } from './explain-view.js'
import { showFigures } from './figures-view.js'
import { clockToTheSecond, setCurrency } from './format.js'
import { showHistory } from './history-view.js'
import { connect, ServerFailure } from './server.js'

/**
 * The live page of one member. The key comes in the address's fragment, which no server ever sees, or by
 * hand; it stays in this tab's session storage. Figures come whole from the server, each with its journal
 * position; this page adds nothing up.
 */
const storedKey = 'plimsoll-key'
/** History is the longer answer; while an account is busy it is asked for at most this often. */
const historyEveryMs = 2000
const historyRows = '25'
/** Some things change by time alone, such as credit that expires; so figures are never older than this. */
const figuresMaxMs = 60_000

/** @typedef {import('../contract.ts').UsageAnswer} UsageAnswer */
/** @typedef {ReturnType<typeof connect>} Server */

/** What is shown now; null before a key was given. @type {Session | null} */
let session = null

class Session {
  /** @type {UsageAnswer | null} */
  usage = null
  /** The server's clock less this machine's: countdowns run on the server's. */
  clockAheadMs = 0
  /** @type {number | null} */
  staleSinceMs = null
  isReading = false
  isChanged = false
  historyReadAtMs = 0
  isHistoryDue = true
  isReadingHistory = false

  /** @param {Server} server */
  constructor(server) {
    this.server = server
    this.stop = server.listen({
      onChange: () => void this.read(),
      onLine: (isLive) => this.showLine(isLive),
      onRefused: (failure) => leave(`${failure.message} ${failure.remedy}`),
    })
  }

  nowMs() {
    return Date.now() + this.clockAheadMs
  }

  /** Reads what changed; a change that comes meanwhile is read right after. History waits its turn. */
  async read() {
    this.isChanged = true
    this.isHistoryDue = true
    if (this.isReading) return
    this.isReading = true
    try {
      while (this.isChanged && session === this) {
        this.isChanged = false
        await this.readUsage()
      }
      void this.readHistory()
    } catch (error) {
      this.take(error)
    } finally {
      this.isReading = false
    }
  }

  /** @param {unknown} error */
  take(error) {
    if (session !== this) return
    if (error instanceof ServerFailure && error.status === 401) leave(error.message)
    else this.showLine(false)
  }

  async readUsage() {
    const usage = /** @type {UsageAnswer} */ (await this.server.get('/api/me/usage'))
    // An answer that was overtaken by a newer one is old.
    if (this.usage !== null && usage.figures.position < this.usage.figures.position) return
    setCurrency(usage.currencySymbol)
    this.usage = usage
    this.clockAheadMs = usage.figures.atMs - Date.now()
    this.show()
  }

  async readHistory() {
    const isEarly = Date.now() - this.historyReadAtMs < historyEveryMs
    if (!this.isHistoryDue || this.isReadingHistory || isEarly) return
    this.isHistoryDue = false
    this.isReadingHistory = true
    this.historyReadAtMs = Date.now()
    try {
      const history = await this.server.get(`/api/me/history?rowsMax=${historyRows}`)
      if (session === this) showHistory(history, this.nowMs(), explainFromHistory)
    } catch (error) {
      this.isHistoryDue = true
      this.take(error)
    } finally {
      this.isReadingHistory = false
    }
  }

  show() {
    if (session !== this || this.usage === null) return
    showFigures(this.usage, this.nowMs())
    byId('enter').hidden = true
    byId('account').hidden = false
  }

  /** Once a second: countdowns move, figures that time has changed are read anew, a late history is read. */
  tick() {
    this.show()
    if (this.isOld()) void this.read()
    else void this.readHistory()
  }

  isOld() {
    if (this.usage === null) return false
    const { limits, extraUsage, atMs } = this.usage.figures
    const nowMs = this.nowMs()
    const resets = [
      ...limits.map(({ resetMs }) => resetMs),
      extraUsage.capResetMs,
      atMs + figuresMaxMs,
    ]
    return resets.some((resetMs) => resetMs !== null && resetMs <= nowMs)
  }

  /** @param {boolean} isLive */
  showLine(isLive) {
    if (session !== this) return
    if (isLive) this.staleSinceMs = null
    else this.staleSinceMs ??= this.nowMs()
    const mark = byId('live')
    mark.hidden = false
    mark.classList.toggle('stale', !isLive)
    const text =
      this.staleSinceMs === null
        ? 'live'
        : `stale since ${clockToTheSecond(this.staleSinceMs, this.nowMs())}`
    say(mark, text)
  }
}

/** @param {string} key */
function enter(key) {
  sessionStorage.setItem(storedKey, key)
  session?.stop()
  session = new Session(connect(key))
  void session.read()
}

/** Forgets the key and shows the first form, with the reason if there is one. @param {string} [problem] */
function leave(problem = '') {
  sessionStorage.removeItem(storedKey)
  session?.stop()
  session = null
  byId('account').hidden = true
  byId('live').hidden = true
  byId('enter').hidden = false
  say(byId('key-problem'), problem)
  const input = inputById('key')
  input.value = ''
  input.focus()
}

/** Takes a key out of the address bar, so that it does not stay in a bookmark or a screenshot. */
function keyFromAddress() {
  // A key is letters, which no browser encodes; whatever else stands there is no key.
  const key = location.hash.slice(1)
  if (!key.startsWith('plim_')) return null
  history.replaceState(null, '', location.pathname + location.search)
  return key
}

/** @param {string} decisionId */
function explainFromHistory(decisionId) {
  inputById('decision').value = decisionId
  void explain(decisionId)
  byId('explain-title').scrollIntoView({ block: 'start' })
}

/** @param {string} decisionId */
async function explain(decisionId) {
  if (session === null) return
  const { server } = session
  try {
    const path = `/api/me/decisions/${encodeURIComponent(decisionId.trim())}`
    showExplanation(await server.get(path), session.nowMs())
  } catch (error) {
    const isAnswer = error instanceof ServerFailure
    showExplainProblem(
      isAnswer ? error.message : 'The server does not answer.',
      isAnswer ? error.remedy : 'Try again in a moment.',
    )
  }
}

async function turnSwitch() {
  if (session === null || session.usage === null) return
  const { server, usage } = session
  const button = buttonById('switch-button')
  if (button.getAttribute('aria-disabled') === 'true') return
  // A button that is disabled in earnest would lose the focus.
  button.setAttribute('aria-disabled', 'true')
  say(byId('switch-problem'), '')
  try {
    const isOn = !usage.figures.extraUsage.isOnForMember
    await server.post('/api/me/extra-usage', { isOn }, freshKey())
    await session?.read()
  } catch (error) {
    const text =
      error instanceof ServerFailure
        ? `${error.message} ${error.remedy}`
        : 'The server does not answer; nothing is known to be changed.'
    say(byId('switch-problem'), text)
  } finally {
    button.removeAttribute('aria-disabled')
  }
}

/** An idempotency key for one click. */
const freshKey = () =>
  `page-${[...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`

byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault()
  enter(inputById('key').value.trim())
})
byId('explain-form').addEventListener('submit', (event) => {
  event.preventDefault()
  void explain(inputById('decision').value)
})
byId('switch-button').addEventListener('click', () => void turnSwitch())
byId('forget').addEventListener('click', () => leave())
addEventListener('hashchange', () => {
  const key = keyFromAddress()
  if (key !== null) enter(key)
})
setInterval(() => session?.tick(), 1000)

const firstKey = keyFromAddress() ?? sessionStorage.getItem(storedKey)
if (firstKey === null) leave()
else enter(firstKey)
