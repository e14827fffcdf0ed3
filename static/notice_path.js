// notice_path.js: PURE. Where a notification leads, kind by kind. Without words, for the service worker needs it too.

const PATHS = {
  game_completed: (data) => data.session_id && `/s/${data.session_id}`,
  achievement_unlocked: () => '/achievements',
  session_invitation: (data) => data.session_id && `/join/${data.session_id}`,
  friend_request: (data) => data.from_user_id && `/users/${data.from_user_id}`,
  friend_accepted: (data) => data.from_user_id && `/users/${data.from_user_id}`,
  payment_marked: (data) => data.session_id && `/s/${data.session_id}`,
  message: (data) => (data.chat_id ? `/chats/${data.chat_id}` : '/chats'),
}

export const noticePath = ({ kind, data }) => PATHS[kind]?.(data ?? {}) || null
