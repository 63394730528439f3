import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Hono } from 'hono'

/**
 * The live page: a handful of files, read once at the start and sent as they are. Nothing on it is known
 * before the reader gives a key, so it needs no credential of its own.
 */
const folder = join(import.meta.dirname, '..', 'page')

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

const files = [
  'page.html',
  'page.css',
  'icon.svg',
  'page.js',
  'element.js',
  'format.js',
  'server.js',
  'figures-view.js',
  'history-view.js',
  'explain-view.js',
]

export function pageRoutes(): Hono {
  const routes = new Hono()
  for (const file of files) {
    const content = readFileSync(join(folder, file), 'utf8')
    const headers = {
      'content-type': types[file.split('.').at(-1) ?? ''] ?? 'text/plain',
      'cache-control': 'no-cache',
    }
    const path = file === 'page.html' ? '/' : `/page/${file}`
    routes.get(path, (c) => c.body(content, 200, headers))
  }
  return routes
}
