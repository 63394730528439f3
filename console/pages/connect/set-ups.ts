/** What is pasted to set a client up; docs/gateway.md says the same. */
export type SetUpId = 'claude-code' | 'claude-code-token' | 'python' | 'typescript' | 'curl'

type Place = { readonly url: string; readonly key: string; readonly model: string }

export type SetUp = {
  readonly id: SetUpId
  readonly title: string
  readonly words: readonly string[]
  readonly code: (place: Place) => string
}

/** Without these the client looks for its vendor's service beside the gateway, also with a base URL of its own. */
const privacy = [
  'export CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1',
  'export DISABLE_TELEMETRY=1',
  'export DISABLE_AUTOUPDATER=1',
  'export CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL=1',
]

export const setUps: readonly SetUp[] = [
  {
    id: 'claude-code',
    title: 'Claude Code',
    words: [
      'With an auth token, refusals are shown in full: which limit, how much, until when, why extra usage did not help, and the decision id.',
      'The first four lines are for privacy: with them the client asks nobody but this gateway.',
    ],
    code: ({ url, key }) =>
      [
        ...privacy,
        `export ANTHROPIC_BASE_URL=${url}`,
        `export ANTHROPIC_AUTH_TOKEN=${key}`,
        'claude',
      ].join('\n'),
  },
  {
    id: 'claude-code-token',
    title: 'Claude Code, signed in',
    words: [
      'With the key where the token of a login would be, the client shows the session and the week in its status line, and says when it goes on. Its own words then replace ours: the reasons and the decision id are not on the screen.',
      'Here the first four lines matter: without them this key could be sent to the vendor’s own service.',
    ],
    code: ({ url, key }) =>
      [
        ...privacy,
        `export ANTHROPIC_BASE_URL=${url}`,
        `export CLAUDE_CODE_OAUTH_TOKEN=${key}`,
        'claude',
      ].join('\n'),
  },
  {
    id: 'python',
    title: 'Python',
    words: ['The official SDK, with its base URL changed: pip install anthropic.'],
    code: ({ url, key, model }) =>
      `from anthropic import Anthropic

client = Anthropic(base_url="${url}", api_key="${key}")
message = client.messages.create(
    model="${model}",
    max_tokens=64,
    messages=[{"role": "user", "content": "Hello"}],
)
print(message.content[0].text)`,
  },
  {
    id: 'typescript',
    title: 'TypeScript',
    words: ['The official SDK, with its base URL changed: npm install @anthropic-ai/sdk.'],
    code: ({ url, key, model }) =>
      `import Anthropic from '@anthropic-ai/sdk'

const client = new Anthropic({ baseURL: '${url}', apiKey: '${key}' })
const message = await client.messages.create({
  model: '${model}',
  max_tokens: 64,
  messages: [{ role: 'user', content: 'Hello' }],
})
console.log(message.content)`,
  },
  {
    id: 'curl',
    title: 'curl',
    words: ['Add -i to see the headers that say what is left.'],
    code: ({ url, key, model }) =>
      `curl ${url}/v1/messages \\
  -H 'x-api-key: ${key}' -H 'anthropic-version: 2023-06-01' \\
  -H 'content-type: application/json' \\
  -d '{"model":"${model}","max_tokens":64,"messages":[{"role":"user","content":"Hello"}]}'`,
  },
]
