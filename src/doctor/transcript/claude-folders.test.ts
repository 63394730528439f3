import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configFolders, projectFolderName } from './claude-folders.ts'

const folders = (
  platform: NodeJS.Platform,
  home: string,
  environment: Record<string, string> = {},
) => configFolders({ platform, home, environment })

test('transcripts are looked for where each system has them', () => {
  assert.deepEqual(folders('linux', '/home/ada'), ['/home/ada/.claude', '/home/ada/.config/claude'])
  assert.deepEqual(folders('darwin', '/Users/ada'), [
    '/Users/ada/.claude',
    '/Users/ada/.config/claude',
  ])
  assert.deepEqual(folders('win32', String.raw`C:\Users\ada`), [
    String.raw`C:\Users\ada\.claude`,
    String.raw`C:\Users\ada\.config\claude`,
  ])
})

test('CLAUDE_CONFIG_DIR stands for itself', () => {
  assert.deepEqual(folders('linux', '/home/ada', { CLAUDE_CONFIG_DIR: '/srv/claude' }), [
    '/srv/claude',
  ])
})

test('a project folder is named as the client names it', () => {
  assert.equal(projectFolderName('/home/ada/my_work.d'), '-home-ada-my-work-d')
  assert.equal(projectFolderName(String.raw`C:\Users\ada\work`), 'C--Users-ada-work')
})
