// Friends, requests both ways and blocks: a hook that reads them again when something changed between me and others.
import * as api from '../api.js'
import { friendNews, link } from '../page.js'
import { useStore } from '../store.js'
import { useLoaded } from './loaded.js'

const LISTS = { friends: 'friends', asking: 'friends/requests?direction=in', asked: 'friends/requests?direction=out', blocked: 'friends/blocked' }

export function useRelations() {
  const changed = useStore(friendNews)
  const isOnline = useStore(link) === 'online'
  return useLoaded(async () => {
    const lists = await Promise.all(Object.values(LISTS).map((path) => api.all(`/api/v1/${path}`)))
    return Object.fromEntries(Object.keys(LISTS).map((name, at) => [name, lists[at]]))
  }, [changed, isOnline])
}

/** What can be done about somebody; each tells this page's lists to load again. */
const done = async (work) => {
  const answer = await work
  friendNews.set(friendNews.get() + 1)
  return answer ?? true
}
const friends = '/api/v1/friends'
export const ask = (userId) => done(api.post(`${friends}/requests`, { user_id: userId }))
export const accept = (request) => done(api.put(`${friends}/requests/${request}/accept`))
export const decline = (request) => done(api.put(`${friends}/requests/${request}/decline`))
export const takeBack = (request) => done(api.remove(`${friends}/requests/${request}`))
export const unfriend = (userId) => done(api.remove(`${friends}/${userId}`))
export const block = (userId) => done(api.put(`${friends}/${userId}/block`))
export const unblock = (userId) => done(api.remove(`${friends}/${userId}/block`))
