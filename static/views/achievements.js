// What I earned, and what there is to earn; how rare each is.
import { html } from '../html.js'
import { day, lang, t } from '../i18n.js'
import * as api from '../api.js'
import { awardHow, awardTitle } from '../award_text.js'
import { news } from '../page.js'
import { rarityWord, withEarned } from '../stats_view.js'
import { useStore } from '../store.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { Bell } from '../components/bell.js'
import { Icon } from '../components/icon.js'
import { useLoaded } from '../components/loaded.js'
import { Failed } from '../components/pages.js'
import { StatsSections } from '../components/section_tabs.js'
import { ShareBar } from '../components/share_bar.js'
import { Tabs } from '../components/tabs.js'

export function Achievements({ me }) {
  const { value, error, retry } = useLoaded(async () => {
    const [kinds, earned] = await Promise.all([api.get('/api/v1/stats/achievements'), api.all(`/api/v1/stats/users/${me.id}/achievements`)])
    return withEarned(kinds.items, earned)
  }, [me.id, useStore(news)])
  const earned = value?.filter((one) => one.earned_at).length
  return html`<main class="page" data-testid="achievements">
    <${Bar} title=${t('section.achievements')}><${Bell} /></${Bar}>
    <${Banner} />
    <${StatsSections} at="achievements" />
    <div class="sheet">
      ${!value && error && html`<${Failed} error=${error} onRetry=${retry} />`}
      ${!value && !error && html`<p class="quiet" role="status">${t('state.loading')}</p>`}
      ${value && html`<div class="rows padded stack"><p><b>${t('awards.count', { n: earned, all: value.length })}</b></p><${ShareBar} parts=${[['won', earned / value.length]]} />
        ${!earned && html`<p class="quiet">${t('awards.none')}</p>`}</div>
        <ul class="rows awards">${value.map((one) => html`<${Award} key=${one.code} one=${one} />`)}</ul>`}
    </div>
    <${Tabs} at="stats" />
  </main>`
}

function Award({ one }) {
  const share = new Intl.NumberFormat(lang.get(), { style: 'percent', maximumFractionDigits: one.rarity < 0.1 ? 1 : 0 }).format(one.rarity)
  // It is counted now and then: what I have is not had by nobody.
  const isCounted = one.rarity > 0 || !one.earned_at
  const word = isCounted ? rarityWord(one.rarity) : 'common'
  return html`<li class="award${one.earned_at ? '' : ' locked'}" data-testid="award" data-earned=${String(Boolean(one.earned_at))}>
    <span class="medal ${word}"><${Icon} name=${one.earned_at ? 'cup' : 'lock'} size=${22} /></span>
    <span class="who"><b class="name">${awardTitle(one)}</b><span class="how">${awardHow(one)}</span>
      ${isCounted && html`<span class="said"><span class="rarity">${t(`rarity.${word}`)}</span> · ${one.rarity > 0 ? t('awards.rarity', { share }) : t('awards.nobody')}</span>`}</span>
    <span class="said">${one.earned_at ? day(one.earned_at) : html`<span class="hidden">${t('awards.locked')}</span>`}</span>
  </li>`
}
