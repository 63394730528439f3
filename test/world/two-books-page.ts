import { createHash } from 'node:crypto'
import { formatMoney } from '../../src/core/money.ts'
import type { TwoBooksUsage } from './two-books.ts'

/** The simulated service's own usage and settings page: right about everything, and no help. */
const style = `
:root { color-scheme: light dark; --ink: light-dark(#1c2430, #e8ecf1); --soft: light-dark(#586273, #a3adba);
  --line: light-dark(#d5dae1, #39424e); --ground: light-dark(#f6f7f9, #14181d); --sheet: light-dark(#fff, #1c2127);
  --bar: light-dark(#3a6ea5, #7fb0e6) }
* { box-sizing: border-box }
body { margin: 0; padding: 2rem 1rem; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 34rem; margin: auto; background: var(--sheet); border: 1px solid var(--line); border-radius: 12px; padding: 1.5rem }
h1 { font-size: 1.3rem; margin: 0 0 .25rem } h2 { font-size: 1rem; margin: 1.5rem 0 .5rem }
p { margin: .25rem 0; color: var(--soft) }
dl { display: grid; grid-template-columns: auto auto; gap: .35rem 1rem; margin: 0 } dt { color: var(--soft) }
dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums }
meter { width: 100%; height: 1rem; accent-color: var(--bar) }
fieldset { border: 0; padding: 0; margin: 1rem 0 0 } legend { padding: 0; color: var(--soft) } label { margin-right: 1rem }
button { font: inherit; padding: .4rem 1.1rem; border: 1px solid var(--ink); border-radius: 8px; background: var(--ink); color: var(--sheet); cursor: pointer; margin-top: .75rem }
:focus-visible { outline: 3px solid var(--bar); outline-offset: 2px }
small { display: block; margin-top: 1.5rem; color: var(--soft) }`

const styleHash = createHash('sha256').update(style).digest('base64')

export const contentPolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`

function meterRow(label: string, percent: number): string {
  return `<h2 id="${label}">${label}</h2><meter aria-labelledby="${label}" min="0" max="100" value="${percent}"></meter><p>${percent} % used</p>`
}

function choice(value: 'on' | 'off', isChecked: boolean): string {
  return `<label><input type="radio" name="extra_usage" value="${value}"${isChecked ? ' checked' : ''}> ${value}</label>`
}

export function usagePage(usage: TwoBooksUsage): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Usage - a simulated service with two books</title><style>${style}</style></head>
<body><main>
<h1>Usage</h1><p>${usage.planName}</p>
${meterRow('Session', usage.sessionPercent)}
${meterRow('Week', usage.weekPercent)}
<h2>Extra usage</h2>
<dl><dt>Balance</dt><dd>${formatMoney(usage.balanceNanos)}</dd><dt>Spent</dt><dd>${formatMoney(usage.spentNanos)}</dd></dl>
<form method="post" action="/settings/extra-usage"><fieldset><legend>Keep going on extra usage when the plan is used up</legend>
${choice('on', usage.isExtraUsageOn)}${choice('off', !usage.isExtraUsageOn)}</fieldset><button>Save</button></form>
<small>This is a simulated service, made for the Plimsoll story: a plausible model of what users reported.
The vendor has published no cause.</small>
</main></body></html>`
}
