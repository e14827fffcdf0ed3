// The first screen: what runs now, how to begin or to join, and the evenings that were.
import { html, useEffect, useState } from '../html.js'
import { day, gain, t } from '../i18n.js'
import * as api from '../api.js'
import { lastSeen, link, news } from '../page.js'
import { trend } from '../money.js'
import { go } from '../router.js'
import { noticeText } from '../notice_text.js'
import { nameOf, players, participantOf, standing } from '../game_view.js'
import { useStore } from '../store.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { Bell } from '../components/bell.js'
import { Invite } from '../components/invite.js'
import { Newer } from '../components/newer.js'
import { JoinForm } from '../components/join_form.js'
import { LiveDot } from '../components/live_dot.js'
import { useLoaded } from '../components/loaded.js'
import { Problem } from '../components/problem.js'
import { Tabs } from '../components/tabs.js'

const REFRESH_MS = 20_000
const RUNNING = new Set(['waiting', 'in_progress'])

async function loadEvenings() {
  const evenings = await api.get('/api/v1/sessions?scope=mine&limit=50')
  lastSeen.keep('evenings', evenings)
  return evenings
}

export function Lobby({ me }) {
  const [joining, setJoining] = useState(false)
  const online = useStore(link) === 'online'
  const announced = useStore(news)
  const [age, grow] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && grow((n) => n + 1), REFRESH_MS)
    return () => clearInterval(timer)
  }, [])
  const { value, error } = useLoaded(loadEvenings, [online, announced, age], () => lastSeen.read('evenings'))
  const sessions = value?.items ?? []
  const { value: told } = useLoaded(() => api.get('/api/v1/notifications?unread=true&limit=50'), [online, announced, age])
  const invitations = (told?.items ?? []).filter(({ kind, data }) =>
    kind === 'session_invitation' && data.session_id && !sessions.some((s) => s.id === data.session_id))
  const running = sessions.filter((s) => RUNNING.has(s.status) && participantOf(s, me.id)?.left_at == null)
  const past = sessions.filter((s) => !running.includes(s))
  return html`<main class="page" data-testid="lobby">
    <${Bar} title=${t('lobby.hello', { name: me.display_name || me.username })}><${Bell} /></${Bar}>
    <${Banner} />
    <${Newer} />
    <div class="sheet">
      ${running.length > 0 && html`<h2 class="h">${t('lobby.running')}</h2>
        ${running.map((s) => html`<${Running} session=${s} me=${me} key=${s.id} />`)}`}
      ${invitations.map(({ id, kind, data }) => html`<div class="rows padded stack" key=${id} data-testid="invitation"><p>${noticeText({ kind, data })[1]}</p>
        <button type="button" class="big" onClick=${() => go(`/join/${data.session_id}`)}>${t('join.title')}</button></div>`)}
      <div class="two">
        <button type="button" class="big" data-testid="new-session" onClick=${() => go('/new')}>${t('lobby.new')}</button>
        <button type="button" class="ghost" aria-expanded=${joining} data-testid="join-by-code" onClick=${() => setJoining(!joining)}>${t('lobby.join')}</button>
      </div>
      ${joining && html`<${JoinForm} />`}
      ${running[0]?.code && html`<h2 class="h">${t('lobby.invite')}</h2><${Invite} session=${running[0]} compact />`}
      <h2 class="h">${t('lobby.past')}</h2>
      <${Problem} error=${!value && error} />
      ${past.length > 0 ? html`<div class="rows">${past.map((s) => html`<${Past} session=${s} me=${me} key=${s.id} />`)}</div>`
        : html`<p class="quiet">${value ? t('lobby.no_past') : t('state.loading')}</p>`}
      <button type="button" class="ghost" data-testid="to-clubs" onClick=${() => go('/clubs')}>${t('clubs.title')}</button>
    </div>
    <${Tabs} at="lobby" />
  </main>`
}

function Running({ session, me }) {
  const game = session.current_game
  const participant = participantOf(session, me.id)
  const money = participant ? standing(session, participant.id) : 0
  const words = session.status === 'waiting' ? [t('lobby.waiting')] : game
    ? [t('game.number', { n: game.number }), t('lobby.turn', { name: nameOf(session, game.current_participant_id) })]
    : [t('lobby.between')]
  return html`<button type="button" class="player turn card-line" data-testid="running" onClick=${() => go(`/s/${session.id}`)}>
    <span class="who"><b class="name">${session.name}</b>
      <span class="sub live"><${LiveDot} />${[...words, t('players', { n: players(session).length })].join(' · ')}</span>
    </span>
    <span class="net ${trend(money)}">${gain(money, session.rules.currency)}</span>
  </button>`
}

function Past({ session, me }) {
  const participant = participantOf(session, me.id)
  const participants = session.participants.filter((p) => p.role !== 'spectator').length
  const words = [day(session.completed_at ?? session.created_at), t('games', { n: session.games_played }), t('players', { n: participants })]
  if (session.status === 'cancelled') words.push(t('lobby.cancelled'))
  return html`<button type="button" class="row past" data-testid="past" onClick=${() => go(`/s/${session.id}`)}>
    <span class="who"><b class="name">${session.name}</b><span class="sub">${words.join(' · ')}</span></span>
    <span class="m ${trend(participant?.balance ?? 0)}">${gain(participant?.balance ?? 0, session.rules.currency)}</span>
  </button>`
}
