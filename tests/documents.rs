//! The documents: every chapter of the guide is listed and compiled, every link leads somewhere, and every name of the core is documented.
//!
//! In come the Markdown files in `docs`. What their programs do is tested as documentation tests, see `src/lib.rs`; here it is only that
//! none is forgotten.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn markdown_in(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|it| it == "md")).collect()
}

/// The text less its programs.
fn prose(text: &str) -> String {
    text.split("\n```").step_by(2).collect()
}

/// Where the links of a text lead to, less those to other hosts.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let ends = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    ends.map(|(link, _)| link.to_owned()).filter(|link| !link.contains("://")).collect()
}

/// The anchors of the headings, as the usual renderers make them.
fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text);
    let headings = headings.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|&it| it.is_alphanumeric() || it == '-' || it == ' ');
        kept.map(|it| if it == ' ' { '-' } else { it }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_chapter_of_the_guide_is_listed_and_compiled() {
    let contents = links(&read(&root().join("docs/guide/README.md")));
    let compiled = read(&root().join("src/lib.rs"));
    let chapters = markdown_in("docs/guide");
    assert!(chapters.len() > 5);
    for chapter in chapters {
        let name = chapter.file_name().unwrap().to_str().unwrap().to_owned();
        if name != "README.md" {
            assert!(contents.contains(&name), "{name} is not in the table of contents");
            assert!(compiled.contains(&format!("\"{name}\"")), "{name} is not in `src/lib.rs`");
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    let mut documents = markdown_in("docs");
    documents.extend(["", "docs/guide", "docs/performance"].into_iter().flat_map(markdown_in));
    let mut links_seen = 0;
    for document in documents {
        let text = read(&document);
        for link in links(&text) {
            links_seen += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match path {
                "" => document.clone(),
                _ => document.parent().unwrap().join(path),
            };
            let place = format!("`{link}` in {}", document.display());
            assert!(target.exists(), "no such file: {place}");
            if !anchor.is_empty() {
                assert!(
                    anchors(&read(&target)).iter().any(|it| it == anchor),
                    "no heading: {place}"
                );
            }
        }
    }
    assert!(links_seen > 20, "links are found at all");
}

/// The names that a `lib.rs` exports, less the hidden ones.
fn exported(text: &str) -> Vec<String> {
    let statements = text.split(';').filter(|it| !it.contains("#[doc(hidden)]"));
    let lists = statements.filter_map(|it| it.split_once("pub use ")).map(|(_, list)| list);
    let names = lists.flat_map(|list| list.split([',', '{', '}'])).map(str::trim);
    let names = names.filter_map(|name| name.rsplit("::").next());
    names.filter(|name| !name.is_empty() && *name != "*").map(str::to_owned).collect()
}

#[test]
fn whatever_the_core_documents_the_facade_documents() {
    let core = exported(&read(&root().join("eventp-core/src/lib.rs")));
    let facade = exported(&read(&root().join("src/lib.rs")));
    assert!(core.contains(&"Eventp".to_owned()) && !core.contains(&"IsFd".to_owned()), "{core:?}");
    for name in core {
        assert!(facade.contains(&name), "`{name}` is missing in the list of `src/lib.rs`");
    }
}
