//! What a client sent may come back in an error, but not all of it: a body of a megabyte is no message.

/// Characters of a name, or of any one word, that a client sent.
const NAME_MAX: usize = 64;
/// Characters of a sentence about it. Ours are shorter.
const SENTENCE_MAX: usize = 500;
/// What follows a word of the client's in the sentences of serde.
const AFTER_WORDS: [&str; 2] = ["`, expected ", "\", expected "];

/// A name that the client sent.
pub(crate) fn name(name: String) -> String {
    at(name, NAME_MAX)
}

/// A sentence that may quote the client: what is quoted is cut, and so is the whole where that was not enough.
pub(crate) fn sentence(sentence: String) -> String {
    if sentence.len() <= NAME_MAX {
        return sentence;
    }
    let quoted = AFTER_WORDS.iter().find_map(|after| {
        let end = sentence.rfind(after)?;
        let start = sentence.find(&after[..1])? + 1;
        (start < end).then_some((start, end))
    });
    let sentence = match quoted {
        Some((start, end)) if sentence[start..end].chars().count() > NAME_MAX => {
            format!("{}{}{}", &sentence[..start], name(sentence[start..end].to_owned()), &sentence[end..])
        }
        _ => sentence,
    };
    at(sentence, SENTENCE_MAX)
}

fn at(mut text: String, max: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(max) {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_client_is_cut_and_our_own_words_stay() {
        let long = "я`\"".repeat(100_000);
        assert_eq!(name(long.clone()).chars().count(), 64);
        let told = sentence(format!("unknown variant `{long}`, expected one of `a`, `b`"));
        assert!(told.ends_with("`, expected one of `a`, `b`") && told.len() < 200, "{told}");
        let told = sentence(format!("invalid type: string {long:?}, expected u64"));
        assert!(told.ends_with("\", expected u64") && told.len() < 300, "{told}");
        assert_eq!(sentence(format!("these rules have no ball {long:?}")).chars().count(), 500);
        let ours = format!("must be one of {}", "kolkhoz, ".repeat(40));
        assert_eq!(sentence(ours.clone()), ours);
    }
}
