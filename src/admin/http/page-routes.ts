import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Hono } from 'hono'

/**
 * The console: a handful of built files, read once at the start and sent as they are. Nothing on it is known
 * before the reader signs in, so it needs no credential of its own.
 */
const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

/** In the order in which they are preferred. */
const encodings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const

type PageFile = {
  readonly headers: Readonly<Record<string, string>>
  readonly forms: ReadonlyMap<string, Buffer<ArrayBuffer>>
  readonly plain: Buffer<ArrayBuffer>
}

/** @param folder Where `scripts/build-console.ts` put the console. */
export function pageRoutes(folder: string): Hono {
  const routes = new Hono()
  if (!existsSync(join(folder, 'index.html'))) {
    routes.get('/', (c) => c.text(notBuilt, 503))
    return routes
  }
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const type = types[file.split('.').at(-1) ?? '']
    if (type === undefined) continue
    const name = file.replaceAll('\\', '/')
    // Files in assets carry a digest of their content in the name.
    const page = readPage(join(folder, file), { type, isPinned: name.startsWith('assets/') })
    const path = name === 'index.html' ? '/' : `/${name}`
    routes.get(path, (c) => {
      const accepted = c.req.header('accept-encoding') ?? ''
      const found = encodings.find(([name]) => accepted.includes(name) && page.forms.has(name))
      const [encoding] = found ?? []
      const bytes = (encoding === undefined ? undefined : page.forms.get(encoding)) ?? page.plain
      const coded = encoding === undefined ? {} : { 'content-encoding': encoding }
      return c.body(bytes, 200, { ...page.headers, ...coded })
    })
  }
  return routes
}

const notBuilt =
  'The console is not built. Build it with `node scripts/build-console.ts`, then start again; `npm start` does both.\n'

function readPage(
  path: string,
  { type, isPinned }: { readonly type: string; readonly isPinned: boolean },
): PageFile {
  const forms = new Map<string, Buffer<ArrayBuffer>>()
  for (const [name, ending] of encodings) {
    if (existsSync(path + ending)) forms.set(name, readFileSync(path + ending))
  }
  const headers = {
    'content-type': type,
    'cache-control': isPinned ? 'public, max-age=31536000, immutable' : 'no-cache',
    vary: 'accept-encoding',
  }
  return { headers, forms, plain: readFileSync(path) }
}
