import { byId, make } from './element.js'
import { clockToTheSecond } from './format.js'

/** @typedef {import('../contract.ts').ExplanationAnswer} ExplanationAnswer */

/** Shows a decision that was made again: the verdict, its numbers in order, and the journal behind them. @param {ExplanationAnswer} explanation @param {number} nowMs */
export function showExplanation(explanation, nowMs) {
  const { verdict, steps, help, entries, entryCount, facts } = explanation
  const box = byId('explanation')
  const older = entryCount - entries.length
  box.replaceChildren(
    make('h3', { class: explanation.isConfirmed ? 'right' : 'wrong' }, verdict),
    make(
      'p',
      { class: 'muted' },
      `${facts.model}, decided ${clockToTheSecond(explanation.atMs, nowMs)} on journal entry ${explanation.position}.`,
      ...(explanation.endTitle === null ? [] : [` ${explanation.endTitle}.`]),
    ),
    ...(steps.length === 0 ? [] : [stepList(steps)]),
    ...(help === null ? [] : [make('p', {}, `What would have helped: ${help}.`)]),
    make(
      'details',
      {},
      make('summary', {}, `The journal entries that led to it (${entryCount})`),
      ...(older > 0
        ? [
            make(
              'p',
              { class: 'muted small' },
              `The last ${entries.length}; ${older} older ones counted, too.`,
            ),
          ]
        : []),
      make(
        'ol',
        { class: 'entries' },
        ...entries.map((entry) =>
          make(
            'li',
            { value: String(entry.position) },
            `${clockToTheSecond(entry.atMs, nowMs)} ${entry.title}`,
          ),
        ),
      ),
    ),
  )
}

/** @param {ExplanationAnswer['steps']} steps */
function stepList(steps) {
  return make(
    'ol',
    { class: 'steps' },
    ...steps.map(({ title, numbers, outcome, found }) =>
      make('li', { class: outcome }, `${title}: ${numbers}`, ' ', make('strong', {}, `→ ${found}`)),
    ),
  )
}

/** @param {string} problem @param {string} remedy */
export function showExplainProblem(problem, remedy) {
  byId('explanation').replaceChildren(
    make('p', { class: 'problem' }, problem),
    make('p', { class: 'muted' }, remedy),
  )
}
