import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settingRows, type SettingRow } from '../src/config/settings-table.ts'

/**
 * Writes docs/settings.md from the declared settings, so that the page is never another list.
 *
 *   node scripts/bootstrap.mjs scripts/write-settings-docs.ts
 */

const settingsPage = join(import.meta.dirname, '..', 'docs', 'settings.md')

export function writtenSettingsPage(): string {
  return readFileSync(settingsPage, 'utf8')
}

export function settingsDocs(): string {
  return `# Settings

This page is written by \`scripts/write-settings-docs.ts\` from \`src/config/settings.ts\`.

A setting can be said in three places. The first of them that says something wins:

1. a flag: \`npm start -- --gateway-port 5000\`
2. an environment variable: \`PLIMSOLL_GATEWAY_PORT=5000 npm start\` (an empty variable counts as not set)
3. a JSON file, \`plimsoll.json\` in the data folder or the file that \`--config\` names: \`{ "gatewayPort": 5000 }\`

A secret can also be the content of a file, which the variable that ends in \`_FILE\` names: what containers and systemd call
secrets and credentials.

Relative paths start at the current folder, in a settings file at that file's folder. A setting that does
not exist, or a value that does not fit, is an error with the nearest name, and nothing starts. Secrets are
printed as \`[secret]\`.

| setting | flag and variable | takes | default | |
| --- | --- | --- | --- | --- |
${settingRows.map(tableLine).join('\n')}
`
}

function tableLine(row: SettingRow): string {
  const names = [row.flag, ...row.variables].map((name) => `\`${name}\``).join('<br>')
  return `| \`${row.name}\` | ${names} | ${row.takes} | ${row.defaultText} | ${row.sentence} |`
}

if (import.meta.main) {
  writeFileSync(settingsPage, settingsDocs())
  console.log(`${settingRows.length} settings written to docs/settings.md`)
}
