// What the server serves is the bundle of these sources, and small.
import assert from 'node:assert/strict'
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import zlib from 'node:zlib'
import { bundle } from './bundle.mjs'

const DIST = fileURLToPath(new URL('../../static/dist', import.meta.url))
const UNPACK = { '.gz': zlib.gunzipSync, '.br': zlib.brotliDecompressSync }

test('the bundle is of these sources: else run `npm run bundle` in tests/page', async () => {
  const made = await bundle()
  const files = (await readdir(DIST, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const names = files.map((entry) => path.relative(DIST, path.join(entry.parentPath ?? entry.path, entry.name)))
  assert.deepEqual(names.filter((name) => !UNPACK[path.extname(name)]).sort(), [...made.keys()].sort())
  for (const name of names) {
    const unpack = UNPACK[path.extname(name)]
    const contents = await readFile(path.join(DIST, name))
    const source = unpack ? name.slice(0, -3) : name
    assert.ok(made.get(source)?.equals(unpack ? unpack(contents) : contents), name)
  }
})
