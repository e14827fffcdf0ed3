//! The stable codes (contract, section 8), one line each: the word, the status, the title.

use actix_web::http::StatusCode;

macro_rules! codes {
    ($($name:ident = $word:literal, $status:ident, $title:literal;)*) => {
        /// Why a request failed, in one stable word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $word, "`: ", $title, ".")] $name,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $word,)* }
            }

            /// The status of an HTTP answer with this code.
            pub fn status(self) -> StatusCode {
                match self { $(Code::$name => StatusCode::$status,)* }
            }

            /// The word as a short sentence.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

codes! {
    ValidationFailed = "validation_failed", UNPROCESSABLE_ENTITY, "Fields of the request are not valid";
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is no JSON";
    BadRequest = "bad_request", BAD_REQUEST, "The request can't be read";
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "A valid access token is needed";
    TokenExpired = "token_expired", UNAUTHORIZED, "The token has expired";
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "User name or password is wrong";
    RefreshTokenReused = "refresh_token_reused", UNAUTHORIZED, "The refresh token was used before";
    InsufficientPermissions = "insufficient_permissions", FORBIDDEN, "This is not allowed to you";
    ParticipantRemoved = "participant_removed", FORBIDDEN, "You were removed from this session";
    LoginDisabled = "login_disabled", FORBIDDEN, "This account may not log in";
    TemplateNotEditable = "template_not_editable", FORBIDDEN, "System templates can't be edited";
    ChatNotMember = "chat_not_member", FORBIDDEN, "Only members can use a chat";
    UserBlocked = "user_blocked", FORBIDDEN, "One of you blocked the other";
    NotFound = "not_found", NOT_FOUND, "There is nothing here";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This can't be done here";
    UsernameTaken = "username_taken", CONFLICT, "The user name is taken";
    AlreadyClaimed = "already_claimed", CONFLICT, "It is somebody's already";
    AlreadyInSession = "already_in_session", CONFLICT, "You have another place in this session";
    SessionFull = "session_full", CONFLICT, "All places are taken";
    SessionNotOpen = "session_not_open", CONFLICT, "The session can't be joined";
    SessionClosed = "session_closed", CONFLICT, "The session is over";
    GameInProgress = "game_in_progress", CONFLICT, "A game is in progress";
    GameNotActive = "game_not_active", CONFLICT, "The game is not in progress";
    GameNotEnded = "game_not_ended", CONFLICT, "The game has not ended";
    GameNotReopenable = "game_not_reopenable", CONFLICT, "The game can't go on";
    TableNotRunning = "table_not_running", CONFLICT, "The table's clock does not run";
    NotYourTurn = "not_your_turn", CONFLICT, "It is somebody else's turn";
    UnknownBall = "unknown_ball", UNPROCESSABLE_ENTITY, "The rules have no such ball";
    BallNotAvailable = "ball_not_available", CONFLICT, "No such ball is left on the table, or it is not on";
    NotEnoughPlayers = "not_enough_players", CONFLICT, "More players are needed";
    EventNotVoidable = "event_not_voidable", CONFLICT, "The event can't be voided";
    AlreadyFriends = "already_friends", CONFLICT, "You are friends already";
    FriendRequestExists = "friend_request_exists", CONFLICT, "There is a request already";
    CannotFriendYourself = "cannot_friend_yourself", UNPROCESSABLE_ENTITY, "Nobody is one's own friend";
    MessageNotEditable = "message_not_editable", CONFLICT, "The message can't be edited";
    IdempotencyKeyReused = "idempotency_key_reused", CONFLICT, "The key was used for another request";
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests";
    InternalError = "internal_error", INTERNAL_SERVER_ERROR, "Something broke on our side";
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "Too much is going on, try again";
    StorageUnavailable = "storage_unavailable", SERVICE_UNAVAILABLE, "The storage can't be reached";
}

impl Code {
    /// The code of that word.
    pub fn named(word: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.as_str() == word)
    }

    /// The nearest code for an error answer of the framework.
    pub(super) fn of_status(status: StatusCode) -> Code {
        match status {
            StatusCode::UNAUTHORIZED => Code::Unauthenticated,
            StatusCode::FORBIDDEN => Code::InsufficientPermissions,
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
            StatusCode::UNPROCESSABLE_ENTITY => Code::ValidationFailed,
            StatusCode::TOO_MANY_REQUESTS => Code::RateLimited,
            StatusCode::SERVICE_UNAVAILABLE => Code::Overloaded,
            other if other.is_server_error() => Code::InternalError,
            _ => Code::BadRequest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_names_one_code() {
        for code in Code::ALL {
            assert_eq!(Code::named(code.as_str()), Some(*code));
        }
        assert_eq!(Code::named("nothing"), None);
    }
}
