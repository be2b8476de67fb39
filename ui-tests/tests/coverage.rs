//! What must be true of the `.stderr` files, and of the messages in the source: `scripts/ui-coverage` runs this alone.
//!
//! A message is a string in the macros' source that reads like one: it has a space, and starts in lower case or with a backtick. What
//! `format!` puts in matches anything.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Below this package.
const FOLDERS: &[&str] = &["fail/subscriber", "fail/handler", "fail/use", "fail/pinned", "rustc"];

/// What users cannot know, or did not write: all names that the macros make up begin with the first, and so does `__private`.
const HIDDEN: &[&str] = &["__", "eventp_core::", "eventp_macros::"];

/// Whoever implements a sealed trait is told by rustc what it is sealed with.
const SEALED: &[&str] = &["pinned/implement_ops.stderr", "pinned/implement_into_flow.stderr"];

/// Traits of the core whose texts are written for misuse of the macros.
const CORE: &[&str] = &["private.rs", "ports.rs", "subscriber.rs", "ops.rs", "flow.rs"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn files_in(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = entries_of(folder);
    files.retain(|path| path.extension().is_some_and(|it| it == extension));
    files
}

/// All source files, those in folders included.
fn sources_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = files_in(folder, "rs");
    let folders = entries_of(folder).into_iter().filter(|path| path.is_dir());
    files.extend(folders.flat_map(|folder| sources_below(&folder)));
    files
}

fn stderr_files() -> Vec<PathBuf> {
    FOLDERS.iter().flat_map(|folder| files_in(&root().join(folder), "stderr")).collect()
}

/// The source files of the macros, without their tests.
fn sources_of_macros() -> Vec<PathBuf> {
    let source = root().join("../eventp-macros/src");
    let mut files = sources_below(&source);
    files.retain(|path| !path.starts_with(source.join("tests")) && !path.ends_with("src/tests.rs"));
    files
}

fn tests_of_macros() -> Vec<PathBuf> {
    let source = root().join("../eventp-macros/src");
    let mut files = files_in(&source.join("tests"), "rs");
    files.extend(files_in(&source.join("tests/places"), "rs"));
    files.push(source.join("diag.rs"));
    files
}

/// The strings in a file, except those in attributes and, unless they are wanted, in its tests.
fn strings_in(tokens: TokenStream, with_tests: bool) -> Vec<String> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut strings = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].to_string());
        match token {
            TokenTree::Literal(literal) => {
                strings.extend(
                    syn::parse_str::<syn::LitStr>(&literal.to_string()).map(|it| it.value()),
                );
            }
            TokenTree::Group(group) => {
                let is_attribute = group.delimiter() == Delimiter::Bracket
                    && (before(1).as_deref() == Some("#") || before(2).as_deref() == Some("#"));
                let is_tests = before(1).as_deref() == Some("tests");
                if !is_attribute && (with_tests || !is_tests) {
                    strings.extend(strings_in(group.stream(), with_tests));
                }
            }
            _ => {}
        }
    }
    strings
}

fn strings_of(paths: &[PathBuf], with_tests: bool) -> Vec<String> {
    let parse = |path: &PathBuf| read(path).parse().expect("a source file is made of tokens");
    paths.iter().flat_map(|path| strings_in(parse(path), with_tests)).collect()
}

/// Whether it is something that users read, and not a fragment of code or of an identifier.
fn is_message(string: &str) -> bool {
    let starts = |first: char| first == '`' || first == '{' || first.is_lowercase();
    string.contains(' ') && string.len() > 12 && string.starts_with(starts)
}

/// What stands between the `{..}` of a format string.
fn pieces(message: &str) -> Vec<String> {
    let message = message.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let pieces =
        message.split('{').enumerate().map(|(at, piece)| match (at, piece.split_once('}')) {
            (0, _) | (_, None) => piece,
            (_, Some((_, after))) => after,
        });
    pieces.map(|piece| piece.replace('\u{1}', "{").replace('\u{2}', "}")).collect()
}

/// Whether the text has all pieces of the message, in order.
fn shows(text: &str, message: &str) -> bool {
    let mut rest = text;
    pieces(message).iter().all(|piece| match rest.find(piece.as_str()) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

#[track_caller]
fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn every_message_belongs_to_a_program() {
    let mut wrong = Vec::new();
    for path in stderr_files() {
        if !path.with_extension("rs").exists() {
            wrong.push(format!("{} is orphaned", path.display()));
        }
    }
    for path in FOLDERS.iter().flat_map(|folder| files_in(&root().join(folder), "rs")) {
        if !path.with_extension("stderr").exists() {
            wrong.push(format!("{} is not blessed; run scripts/bless", path.display()));
        }
    }
    assert_none("programs and texts do not match", &wrong);
}

#[test]
fn no_folder_is_forgotten() {
    let mut wrong = Vec::new();
    for entry in fs::read_dir(root().join("fail")).unwrap() {
        let path = entry.unwrap().path();
        if !FOLDERS.iter().any(|folder| path.ends_with(folder)) {
            wrong.push(path.display().to_string());
        }
    }
    assert_none("not among the folders that are tested", &wrong);
}

#[test]
fn every_message_in_the_source_is_shown_by_a_program() {
    let texts: Vec<_> = stderr_files().iter().map(|path| read(path)).collect();
    let mut messages = strings_of(&sources_of_macros(), false);
    messages.retain(|message| is_message(message));
    assert!(messages.len() > 50, "the messages have not been found");
    messages
        .retain(|message| !texts.iter().any(|text| text.lines().any(|line| shows(line, message))));
    assert_none("no `.stderr` shows", &messages);
}

#[test]
fn every_message_in_the_source_is_asserted_in_process() {
    let asserted = strings_of(&tests_of_macros(), true);
    let mut messages = strings_of(&sources_of_macros(), false);
    messages.retain(|message| is_message(message));
    messages.retain(|message| !asserted.iter().any(|text| shows(text, message)));
    assert_none("no unit test of the macros asserts", &messages);
}

/// What the traits of the core say where they are not implemented: messages, labels and notes.
fn texts_of_traits() -> Vec<String> {
    let mut texts = Vec::new();
    for name in CORE {
        let source = read(&root().join("../eventp-core/src").join(name));
        for line in source.lines().map(str::trim) {
            let kinds = ["message = \"", "label = \"", "note = \""];
            let text = kinds.iter().find_map(|kind| line.strip_prefix(kind));
            texts.extend(text.map(|text| text.trim_end_matches(',').trim_end_matches('"').into()));
        }
    }
    assert!(texts.len() > 30, "the texts have not been found");
    texts
}

#[test]
fn every_text_of_a_trait_is_shown_by_a_program() {
    let shown: Vec<_> = stderr_files().iter().map(|path| read(path)).collect();
    let mut unshown = texts_of_traits();
    unshown.retain(|text| !shown.iter().any(|shown| shown.lines().any(|line| shows(line, text))));
    assert_none("no `.stderr` shows", &unshown);
}

#[test]
fn every_text_of_a_trait_is_in_our_style() {
    let mut wrong = texts_of_traits();
    wrong.retain(|text| text.ends_with('.') || text.starts_with(char::is_uppercase));
    assert_none("texts with a capital or a full stop", &wrong);
}

#[test]
fn no_trait_with_a_text_is_forgotten() {
    let mut wrong = Vec::new();
    for path in sources_below(&root().join("../eventp-core/src")) {
        let is_known = CORE.iter().any(|name| path.ends_with(name));
        if !is_known && read(&path).contains("on_unimplemented") {
            wrong.push(path.display().to_string());
        }
    }
    assert_none("not among the files whose texts are tested", &wrong);
}

#[test]
fn messages_name_nothing_that_users_cannot_know() {
    let mut wrong = Vec::new();
    for path in stderr_files() {
        if SEALED.iter().any(|sealed| path.ends_with(sealed)) {
            continue;
        }
        let text = read(&path);
        for line in text.lines().filter(|line| HIDDEN.iter().any(|hidden| line.contains(hidden))) {
            wrong.push(format!("{} mentions it: {line}", path.display()));
        }
    }
    assert_none("texts with what is hidden", &wrong);
}

#[test]
fn our_messages_are_in_our_style() {
    let mut wrong = Vec::new();
    for path in stderr_files().iter().filter(|path| path.starts_with(root().join("fail"))) {
        for line in read(path).lines() {
            let Some(message) = line.strip_prefix("error: ") else { continue };
            let first = message.chars().next().unwrap_or(' ');
            if message.ends_with('.') || first.is_uppercase() {
                wrong.push(format!("{}: {message}", path.display()));
            }
        }
    }
    assert_none("messages with a capital or a full stop", &wrong);
}

#[test]
fn the_first_error_is_in_the_users_own_file() {
    let mut wrong = Vec::new();
    for path in stderr_files() {
        let program = path.with_extension("rs");
        let name = program.strip_prefix(root()).unwrap().display().to_string();
        let text = read(&path);
        let place = text.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
        if !place.is_some_and(|place| place.starts_with(&name)) {
            wrong.push(format!("{name}: {}", place.unwrap_or("nowhere")));
        }
    }
    assert_none("first errors elsewhere", &wrong);
}
