import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pageRoutes } from './page-routes.ts'

test('only files with a digest in their name are kept for a year, wherever the console lies', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'plimsoll-assets-'))
  t.after(() => rm(root, { recursive: true }))
  const folder = join(root, 'assets', 'console')
  await mkdir(join(folder, 'assets'), { recursive: true })
  await writeFile(join(folder, 'index.html'), '<!doctype html>')
  await writeFile(join(folder, 'assets', 'main-1a2b.js'), 'export {}')
  const pages = pageRoutes(folder)
  const keeping = async (path: string): Promise<string | null> =>
    (await pages.request(path)).headers.get('cache-control')

  assert.equal(await keeping('/'), 'no-cache')
  assert.equal(await keeping('/assets/main-1a2b.js'), 'public, max-age=31536000, immutable')
})
