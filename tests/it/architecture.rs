//! Who may import whom: the source is read as text and held to the ladder of `ARCHITECTURE.md`. And what the rules in
//! `src/game` may never say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Modules that any room may use; they open no room.
const LEAVES: [&str; 7] = ["clock", "config", "database", "http", "ids", "telemetry", "text"];
/// Composition: these know everybody.
const TOP: [&str; 5] = ["app", "main", "routes", "lib", "loadtest"];
/// Words that have no place in the rules.
const IMPURE: [&str; 13] = [
    "async ",
    "await",
    "tokio",
    "actix",
    "tracing",
    "sea_orm",
    "SystemTime",
    "Instant::now",
    "rand::",
    ".unwrap(",
    "panic!(",
    "std::fs",
    "std::env",
];

/// A line of source with the file that it stands in.
struct Line {
    file: PathBuf,
    number: usize,
    text: String,
}

impl Line {
    fn place(&self) -> String {
        format!("{}:{}: {}", self.file.display(), self.number, self.text.trim())
    }
}

/// The ladder: what each room opens.
fn ladder() -> BTreeMap<String, Vec<String>> {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).expect("the page");
    let rows =
        page.lines().skip_while(|line| !line.starts_with("| room")).skip(2).take_while(|line| line.starts_with('|'));
    let mut ladder = BTreeMap::new();
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let opens = cells[2].split(", ").map(str::to_owned).collect::<Vec<_>>();
        for room in cells[0].split(", ") {
            ladder.insert(room.trim_matches('`').to_owned(), opens.clone());
        }
    }
    assert!(ladder.len() >= 9, "the table of rooms: {ladder:?}");
    ladder
}

/// All Rust files below a folder, but those that are tests as a whole.
fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !["tests", "simulation"].contains(&name) {
            files(&path, found);
        } else if name.ends_with(".rs") && !["tests.rs", "test_app.rs"].contains(&name) {
            found.push(path);
        }
    }
}

/// The lines of `src` without comments and without what comes after `#[cfg(test)]` on a `mod`.
fn source() -> Vec<Line> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    files(&root.join("src"), &mut found);
    found.sort();
    let mut lines = Vec::new();
    for file in found {
        let text = std::fs::read_to_string(&file).expect("a file");
        let name = file.strip_prefix(root).expect("below the root");
        let (mut depth, mut in_tests, mut marked) = (0_i64, false, false);
        for (number, line) in (1..).zip(text.lines()) {
            let code = line.split("//").next().unwrap_or_default();
            if in_tests || (marked && code.trim_start().starts_with("mod ")) {
                // `mod tests;` ends with its line, `mod tests {` with its brace.
                depth += braces(code);
                in_tests = depth > 0;
                marked = false;
                continue;
            }
            marked = code.trim() == "#[cfg(test)]" || (marked && code.trim().is_empty());
            lines.push(Line { file: name.to_owned(), number, text: code.to_owned() });
        }
    }
    lines
}

fn braces(code: &str) -> i64 {
    code.chars().map(|character| i64::from(character == '{') - i64::from(character == '}')).sum()
}

/// `game` for `src/game/discipline/mod.rs`, `main` for `src/main.rs`.
fn room_of(file: &Path) -> String {
    let second = file.iter().nth(1).and_then(|name| name.to_str()).unwrap_or_default();
    second.trim_end_matches(".rs").to_owned()
}

/// The rooms that a line names: `crate::ids::Seq` is `ids`, `crate::{account, session}` are both.
fn opened(code: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    let mut rooms = Vec::new();
    for (start, lead) in code.match_indices("crate::") {
        let before = code[..start].chars().next_back();
        if before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[start + lead.len()..];
        match rest.strip_prefix('{') {
            Some(group) => {
                let group = group.split('}').next().unwrap_or_default();
                rooms.extend(group.split(',').map(|part| word(part.trim())).filter(|room| !room.is_empty()));
            }
            None => rooms.push(word(rest)),
        }
    }
    let first = |name: &str| {
        code.match_indices(name)
            .any(|(start, _)| !code[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
    };
    if first("entity::") {
        rooms.push("entity".to_owned());
    }
    if first("migration::") {
        rooms.push("migration".to_owned());
    }
    rooms
}

/// What is wrong about one import of a room.
fn is_allowed(room: &str, opened: &str, ladder: &BTreeMap<String, Vec<String>>) -> bool {
    if TOP.contains(&room) || room == opened {
        return true;
    }
    if LEAVES.contains(&room) {
        return LEAVES.contains(&opened);
    }
    let opens = ladder.get(room).unwrap_or_else(|| panic!("src/{room} is no room of ARCHITECTURE.md"));
    let named = |name: &str| opens.iter().any(|open| open == name);
    (room != "game" && LEAVES.contains(&opened)) || named(opened)
}

#[test]
fn every_room_opens_only_the_doors_of_its_line() {
    let ladder = ladder();
    let mut wrong = Vec::new();
    for line in source() {
        let room = room_of(&line.file);
        for opened in opened(&line.text) {
            if !is_allowed(&room, &opened, &ladder) {
                wrong.push(format!("{room} opens {opened}: {}", line.place()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_room_reaches_for_its_neighbours_by_super() {
    let is_door =
        |line: &Line| line.file.iter().count() <= 2 || line.file.ends_with("mod.rs") && line.file.iter().count() == 3;
    let lines = source();
    let wrong = lines.iter().filter(|line| is_door(line) && line.text.contains("super::"));
    // A `mod` block within a door may speak of the door itself.
    let wrong: Vec<_> = wrong.filter(|line| !line.text.starts_with(' ') && !line.text.contains("pub(super)")).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.iter().map(|line| line.place()).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_rules_wait_for_nothing_and_read_no_clock() {
    let mut wrong = Vec::new();
    for line in source().iter().filter(|line| room_of(&line.file) == "game") {
        wrong.extend(
            IMPURE.iter().filter(|word| line.text.contains(*word)).map(|word| format!("{word}: {}", line.place())),
        );
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn only_the_disciplines_tell_games_apart() {
    let names_a_kind = |line: &Line| {
        let words =
            ["Kolkhoz", "Americana", "Pyramid", "Snooker", "kolkhoz\"", "americana\"", "moscow_pyramid\"", "snooker\""];
        words.iter().any(|word| line.text.contains(word))
    };
    let disciplines = Path::new("src/game/discipline");
    let lines =
        source().into_iter().filter(|line| !line.file.starts_with(disciplines) && room_of(&line.file) != "loadtest");
    let wrong: Vec<_> = lines.filter(names_a_kind).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.iter().map(Line::place).collect::<Vec<_>>().join("\n"));
}

/// Two things of one name are one too many for whoever reads the house for the first time.
#[test]
fn no_public_type_has_the_name_of_another() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in source() {
        let words: Vec<&str> = line.text.split_whitespace().take(3).collect();
        if let ["pub", "struct" | "enum" | "trait" | "type", name] = words[..] {
            let name: String = name.chars().take_while(|letter| letter.is_alphanumeric()).collect();
            places.entry(name).or_default().push(line.place());
        }
    }
    assert!(places.len() > 100, "{}", places.len());
    places.retain(|_, places| places.len() > 1);
    assert!(places.is_empty(), "{places:#?}");
}

#[test]
fn the_wall_clock_is_read_in_one_file() {
    let reads = |line: &Line| line.text.contains("SystemTime::now") || line.text.contains("Utc::now");
    let wrong: Vec<_> = source().into_iter().filter(|line| reads(line) && room_of(&line.file) != "clock").collect();
    assert!(wrong.is_empty(), "\n{}", wrong.iter().map(Line::place).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_line_tells_which_rooms_it_opens() {
    assert_eq!(opened("use crate::ids::{Seq, UserId};"), ["ids"]);
    assert_eq!(opened("use crate::{account, session as played};"), ["account", "session"]);
    assert_eq!(opened("let it = crate::journal::read(db);"), ["journal"]);
    assert_eq!(opened("use entity::{event, session};"), ["entity"]);
    assert_eq!(opened("let identity = my_entity::x;"), Vec::<String>::new());
}
