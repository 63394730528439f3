/**
 * The story's page: shows the state that the story server streams, and presses its buttons. Whatever a half
 * answered is put in as text, never as markup.
 *
 * @typedef {import('../stage.ts').StageState} StageState
 * @typedef {import('../visitor.ts').VisitorState} VisitorState
 * @typedef {import('../scene.ts').PlayedScene} PlayedScene
 * @typedef {import('../half.ts').Line} Line
 * @typedef {import('../half.ts').UsageShown} UsageShown
 * @typedef {import('../journal-lines.ts').JournalLine} JournalLine
 */

/** The element that the page promises. @param {string} selector @param {ParentNode} within */
function find(selector, within = document) {
  const element = within.querySelector(selector)
  if (!(element instanceof HTMLElement)) throw new Error(`The page has no ${selector}`)
  return element
}

/** @param {string} selector @param {ParentNode} [within] */
function findButton(selector, within) {
  const element = find(selector, within)
  if (!(element instanceof HTMLButtonElement)) throw new Error(`${selector} is no button`)
  return element
}

/** @param {string} tag @param {string} className @param {...(Node | string)} children */
function make(tag, className, ...children) {
  const element = document.createElement(tag)
  if (className !== '') element.className = className
  element.append(...children)
  return element
}

/** What colour and mark say to those who see them. @type {Record<string, string>} */
const spoken = { answered: 'answered: ', refused: 'refused: ', fault: 'fault: ' }

/** @param {Line} line */
function lineElement(line) {
  if (line.kind === 'figure') {
    const value = make('b', '', line.value ?? '')
    return make('div', 'row figure', make('span', '', line.text), value)
  }
  const prefix = spoken[line.kind]
  const said = prefix === undefined ? [] : [make('span', 'spoken', prefix)]
  return make('div', `row ${line.kind}`, make('span', '', ...said, line.text))
}

/** @param {PlayedScene} scene @param {number} index */
function sceneElement(scene, index) {
  /** @param {string} whose @param {readonly Line[]} lines */
  const half = (whose, lines) =>
    make('div', 'half', make('div', 'whose', whose), ...lines.map(lineElement))
  const title = make('h3', '', make('span', 'number', `${index + 1}`), scene.title)
  const caption = make('p', 'caption', scene.caption)
  const halves = [half('Two books', scene.twoBooks), half('One book', scene.oneBook)]
  const missed = scene.checks
    .filter((check) => !check.isMet)
    .map((check) => `✗ ${check.what}: expected ${check.expected}, saw ${check.seen}`)
  return make(
    'li',
    '',
    title,
    caption,
    make('div', 'halves', ...halves),
    ...missed.map((text) => make('p', 'missed', text)),
  )
}

/** @param {StageState} state */
function showScenes({ scenes, sceneCount, isPlaying, evidence }) {
  const list = find('#scenes')
  while (list.children.length > scenes.length) list.lastElementChild?.remove()
  for (const scene of scenes.slice(list.children.length)) {
    list.append(sceneElement(scene, list.children.length))
  }
  findButton('#play').disabled = isPlaying
  const missed = scenes.flatMap((scene) => scene.checks).filter((check) => !check.isMet).length
  const told =
    missed === 0
      ? `All ${sceneCount} scenes went as expected.`
      : `${missed} expectations were not met.`
  find('#verdict').textContent = isPlaying ? 'Playing…' : scenes.length === 0 ? '' : told
  find('#evidence').hidden = evidence === null
  if (evidence === null) return
  find('#explanation').replaceChildren(...evidence.explanation.map((text) => make('li', '', text)))
  find('#journal').replaceChildren(...journalRows(evidence.journal))
}

/** @param {string} label @param {number} percent */
function gauge(label, percent) {
  const bar = make('i', '')
  bar.style.width = `${Math.min(100, percent)}%`
  const value = make('span', '', `${percent} %`)
  return make('div', 'gauge', make('span', '', label), make('div', 'track', bar), value)
}

/** @param {readonly (readonly [string, string])[]} entries */
const pairs = (entries) =>
  entries.flatMap(([term, value]) => [make('dt', '', term), make('dd', '', value)])

/** @param {HTMLElement} panel @param {UsageShown} usage */
function showUsage(panel, usage) {
  const { balance, spent, isExtraUsageOn, saveCount } = usage
  const saved = saveCount === 1 ? 'saved once' : `saved ${saveCount} times`
  find('[data-gauges]', panel).replaceChildren(
    gauge('Session', usage.sessionPercent),
    gauge('Week', usage.weekPercent),
    make(
      'dl',
      '',
      ...pairs([
        ['Extra usage, balance', balance],
        ['Extra usage, spent', spent],
        ['Switch', `${isExtraUsageOn ? 'on' : 'off'}, ${saved}`],
      ]),
    ),
  )
}

/** @param {HTMLElement} panel @param {readonly Line[]} log */
function showLog(panel, log) {
  const box = find('[data-log]', panel)
  box.replaceChildren(...log.map(lineElement))
  box.scrollTop = box.scrollHeight
}

/** @param {number} atMs */
const time = (atMs) =>
  new Date(atMs).toLocaleString([], {
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  })

/**
 * Rows with the heading of its column on each cell, for screens too narrow for a table.
 * @param {readonly string[]} headings @param {readonly (readonly string[])[]} rows
 */
function tableRows(headings, rows) {
  return rows.map((cells) =>
    make(
      'tr',
      '',
      ...cells.map((text, index) => {
        const cell = make('td', index === cells.length - 1 ? 'text' : '', text)
        cell.setAttribute('data-heading', headings[index] ?? '')
        return cell
      }),
    ),
  )
}

/** @param {readonly JournalLine[]} journal */
const journalRows = (journal) =>
  tableRows(
    ['Entry', 'When', 'Kind', ''],
    journal.map(({ position, atMs, kind, text }) => [`#${position}`, time(atMs), kind, text]),
  )

/** @param {VisitorState} visitor */
function showVisitor({ twoBooks, oneBook }) {
  const left = find('[data-side="two-books"]')
  const right = find('[data-side="one-book"]')
  showUsage(left, twoBooks.usage)
  showLog(left, twoBooks.log)
  find('[data-usage-url]', left).setAttribute('href', twoBooks.usageUrl)
  const { isExhausted, extraUsageAuthorized, writtenOn, writtenAtMs } = twoBooks.row
  find('[data-row]', left).replaceChildren(
    ...pairs([
      ['is_exhausted', String(isExhausted)],
      ['extra_usage_authorized', String(extraUsageAuthorized)],
      ['written on', writtenOn],
      ['written at', time(writtenAtMs)],
    ]),
  )
  showUsage(right, oneBook.usage)
  showLog(right, oneBook.log)
  const drifts = oneBook.drifts.map((drift) => [
    `#${drift.position}`,
    drift.where,
    drift.field,
    drift.stored,
    drift.recomputed,
    `#${drift.sincePosition}, ${time(drift.sinceMs)}`,
  ])
  const headings = ['Entry', 'Where', 'What', 'Stored', 'Journal', 'Since, or later']
  find('[data-drifts]').replaceChildren(...tableRows(headings, drifts))
  find('[data-journal]').replaceChildren(...journalRows(oneBook.journal.toReversed()))
}

/** Whether the two switches stand as they were saved; then they are the visitor's. */
let isSwitchSet = false

/** @param {VisitorState} visitor */
function setSwitches({ twoBooks, oneBook }) {
  if (isSwitchSet) return
  isSwitchSet = true
  for (const [side, { usage }] of Object.entries({ 'two-books': twoBooks, 'one-book': oneBook })) {
    const value = usage.isExtraUsageOn ? 'on' : 'off'
    const input = find(`[data-side="${side}"] input[value="${value}"]`)
    if (input instanceof HTMLInputElement) input.checked = true
  }
}

/** @param {string | null} text */
function warn(text) {
  const note = find('#warning')
  note.hidden = text === null
  note.textContent = text
}

/** @param {string} path @param {HTMLButtonElement} button */
async function press(path, button) {
  button.disabled = true
  try {
    const answer = await fetch(path, { method: 'POST' })
    warn(answer.ok ? null : `That did not work: ${await answer.text()}`)
  } catch {
    warn(endedText)
  } finally {
    button.disabled = false
    button.focus()
  }
}

const endedText = 'The story has ended. Start it again with: npm run story'

const play = findButton('#play')
play.addEventListener('click', () => void press('/play', play))
const startOver = findButton('#start-over')
startOver.addEventListener('click', () => {
  isSwitchSet = false
  void press('/start-over', startOver)
})
for (const panel of document.querySelectorAll('[data-side]')) {
  const side = panel.getAttribute('data-side')
  for (const action of ['send', 'log-in', 'update', 'corrupt', 'verify']) {
    const button = panel.querySelector(`[data-act="${action}"]`)
    if (!(button instanceof HTMLButtonElement)) continue
    button.addEventListener('click', () => void press(`/act/${side}/${action}`, button))
  }
  const save = findButton('[data-save]', panel)
  save.addEventListener('click', () => {
    const isOn = panel.querySelector('input[value="on"]:checked') !== null
    void press(`/act/${side}/save-${isOn ? 'on' : 'off'}`, save)
  })
}

// The visitor may come back from the service's own usage page, where buttons are as well.
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) fetch('/look', { method: 'POST' }).catch(() => {})
})

const events = new EventSource('/events')
events.addEventListener('message', (event) => {
  const state = /** @type {StageState} */ (JSON.parse(event.data))
  showScenes(state)
  if (state.visitor === null) return
  showVisitor(state.visitor)
  setSwitches(state.visitor)
})
events.addEventListener('open', () => warn(null))
events.addEventListener('error', () => warn(endedText))
