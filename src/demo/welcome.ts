/** What a start prints: where everything is, and lines to paste. */
export type Welcome = {
  readonly version: string
  readonly gatewayUrl: string
  readonly adminUrl: string
  readonly dataFolder: string
  /** What leads a command to this installation; empty where it is found without. */
  readonly installation: string
  readonly logFile: string
  readonly isDemoUpstream: boolean
  readonly upstreamName: string
  /** Invented customers can be looked at. */
  readonly hasDemoWorld: boolean
  /** The demo member's key; null where there is none (any more). */
  readonly demoKey: string | null
  /** Where the browser makes the first operator; null once there is one. */
  readonly setUpUrl: string | null
}

/** Variables that keep the client off the network but for its base URL (docs/gateway.md). */
const privacy = [
  'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 DISABLE_AUTOUPDATER=1',
  'CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL=1',
]

export function welcomeText(welcome: Welcome): string {
  const lines = ['', `Plimsoll ${welcome.version} is ready.`, '', ...whereabouts(welcome), '']
  if (welcome.demoKey !== null) lines.push(...linesToPaste(welcome, welcome.demoKey))
  lines.push('Stop with Ctrl-C. Everything acknowledged is kept.', '')
  return lines.join('\n')
}

function whereabouts(welcome: Welcome): readonly string[] {
  const key = welcome.demoKey
  const rows: [string, string][] = [
    ['Gateway', welcome.gatewayUrl],
    ['Page', key === null ? welcome.adminUrl : `${welcome.adminUrl}/#${key}`],
    ...(welcome.setUpUrl === null ? [] : [['Set up', welcome.setUpUrl] as [string, string]]),
    ['Upstream', welcome.upstreamName],
    ['Data', welcome.dataFolder],
    ['Log', welcome.logFile],
  ]
  if (key !== null) rows.push(['Demo key', `${key}  (member "demo" of customer "demo")`])
  const text = rows.map(([name, value]) => `  ${name.padEnd(10)}${value}`)
  if (welcome.setUpUrl !== null) {
    text.push(
      '',
      '  Nobody has an account yet. "Set up" makes the operator: its code is good until',
      '  the next start.',
    )
  }
  if (welcome.isDemoUpstream) {
    text.push(
      '',
      '  No upstream key is set, so a built-in demo upstream answers: real protocol and token',
      '  figures, invented answers, and nothing leaves this machine. Set ANTHROPIC_API_KEY to',
      '  forward to the real API.',
    )
  }
  if (welcome.hasDemoWorld) {
    text.push(
      '',
      '  This is a demo world: four invented customers with four weeks of history, made when this',
      '  data folder was new. Nothing in it is real. To remove it, on the page or with:',
      `    npm run plimsoll -- demo remove${welcome.installation}`,
    )
  }
  return text
}

function linesToPaste({ gatewayUrl, installation }: Welcome, key: string): readonly string[] {
  return [
    'Paste into another terminal:',
    '',
    '  # Claude Code',
    `  ANTHROPIC_BASE_URL=${gatewayUrl} ANTHROPIC_AUTH_TOKEN=${key} claude`,
    '',
    '  # Claude Code as it looks when signed in: shows limits and reset times natively',
    ...privacy.map((variables) => `  ${variables} \\`),
    `  ANTHROPIC_BASE_URL=${gatewayUrl} CLAUDE_CODE_OAUTH_TOKEN=${key} claude`,
    '',
    '  # Any HTTP client',
    `  curl -sN ${gatewayUrl}/v1/messages -H 'x-api-key: ${key}' -H 'anthropic-version: 2023-06-01' \\`,
    "    -H 'content-type: application/json' \\",
    `    -d '{"model":"claude-sonnet-5-5","max_tokens":8000,"stream":true,"messages":[{"role":"user","content":"Hello"}]}'`,
    '',
    '  # What is left, whether a refusal was right, every command, and the story behind all this',
    `  npm run plimsoll -- usage${installation}`,
    '  npm run plimsoll -- doctor',
    '  npm run plimsoll -- --help',
    '  npm run story',
    '',
  ]
}
