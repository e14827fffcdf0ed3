"""An evening by the client that openapi-python-client makes of the document."""

import os
import uuid
from datetime import datetime

from artel_client import AuthenticatedClient, Client
from artel_client.api.games import end_game, get_game_scores, mark_event, start_game, void_event
from artel_client.api.sessions import add_participant, complete_session, get_session_balance, open_session
from artel_client.api.templates import list_templates
from artel_client.api.users import get_me, register
from artel_client.models import (
    EndGame, Game, ListTemplatesGameType, LoggedIn, MarkedEvent, MarkPotBall, MarkPotBallType, NewGame, NewParticipant,
    NewSession, Problem, Register, Session,
)

url = os.environ["ARTEL_URL"]
name = f"python-{uuid.uuid4().hex[:8]}"

login = register.sync(client=Client(base_url=url), body=Register(username=name, password="correct horse"))
assert isinstance(login, LoggedIn), login
anna = AuthenticatedClient(base_url=url, token=login.access_token)
me = get_me.sync(client=anna)
assert me.username == name and isinstance(me.created_at, datetime)

template = list_templates.sync(client=anna, game_type=ListTemplatesGameType.KOLKHOZ, limit=1).items[0]
session = open_session.sync(client=anna, body=NewSession(name="Friday", template_id=template.id))
assert isinstance(session, Session), session
boris = add_participant.sync(session.id, client=anna, body=NewParticipant(display_name="Boris"))
seats = [session.participants[0].id, boris.id]

game = start_game.sync(session.id, client=anna, body=NewGame(order=seats))
assert isinstance(game, Game), game
ball = template.rules.balls[0].color
pot = MarkPotBall(type_=MarkPotBallType.POT_BALL, participant_id=seats[0], color=ball)
key = str(uuid.uuid4())
first = mark_event.sync(game.id, client=anna, body=pot, idempotency_key=key)
assert isinstance(first, MarkedEvent), first
assert mark_event.sync(game.id, client=anna, body=pot, idempotency_key=key).seq == first.seq, "the same key once"
second = mark_event.sync(game.id, client=anna, body=pot)
undone = void_event.sync(game.id, second.seq, client=anna)
assert undone.type_ == "game.event_voided", undone
points = {score.participant_id: score.points for score in get_game_scores.sync(game.id, client=anna).scores}
assert points[seats[0]] == template.rules.balls[0].points, points

ended = end_game.sync(game.id, client=anna, body=EndGame(reason="closing time"))
assert ended.status == "completed" and ended.results, ended
balance = get_session_balance.sync(session.id, client=anna)
assert sum(one.net for one in balance.participants) == 0, balance
assert complete_session.sync(session.id, client=anna).status == "completed"
refused = start_game.sync(session.id, client=anna, body=NewGame())
assert isinstance(refused, Problem) and refused.code == "session_closed", refused
print("python: an evening, balance", [one.net for one in balance.participants])
