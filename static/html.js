// html.js: the one door to the vendored view library; everything else imports from here.
import { h, render, Fragment } from './vendor/preact.js'
import { useState, useEffect, useLayoutEffect, useMemo, useRef } from './vendor/preact-hooks.js'
import htm from './vendor/htm.js'

export const html = htm.bind(h)
export { render, Fragment, useState, useEffect, useLayoutEffect, useMemo, useRef }
