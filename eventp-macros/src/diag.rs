//! Collects the errors of one expansion, so that all mistakes are reported at once.
//!
//! In come tokens of the user and a text, out goes one stream of `compile_error!`s. What must stay true: an error is put on
//! the user's own token, its text follows the rules of the project (lower case, no full stop, remedy after `;`).

use core::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The errors so far.
#[derive(Default)]
pub(crate) struct Diag(Option<syn::Error>);

impl Diag {
    /// Reports `message` on `tokens`.
    ///
    /// Never by `Error::new(tokens.span(), ..)`: on stable that is the first token only.
    pub(crate) fn error(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Takes over an error that the parser made.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Takes over all of another's.
    pub(crate) fn append(&mut self, other: Self) {
        if let Some(errors) = other.0 {
            self.push(errors);
        }
    }

    /// The value, or its error reported.
    pub(crate) fn ok<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.0.map(syn::Error::into_compile_error).unwrap_or_default()
    }
}

/// Words with one meaning each, and other spellings of them that people bring along.
pub(crate) struct Words {
    pub(crate) words: &'static [&'static str],
    pub(crate) aliases: &'static [(&'static str, &'static str)],
}

impl Words {
    /// What to say after an unknown word: the word that was meant, or all there are.
    pub(crate) fn remedy(&self, found: &str) -> String {
        match self.closest(found) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("expected {}", list(self.words, "or")),
        }
    }

    /// The word that was meant, if that can be told.
    pub(crate) fn closest(&self, found: &str) -> Option<&'static str> {
        if let Some(&word) = self.words.iter().find(|&&word| word == found) {
            return Some(word);
        }
        let found = normalize(found);
        let alias = self.aliases.iter().find(|(alias, _)| *alias == found).map(|&(_, word)| word);
        alias.or_else(|| {
            let near = self.words.iter().filter(|word| is_near(&found, word));
            let near = near.map(|&word| (distance(&found, word), word));
            near.filter(|&(away, word)| away <= word.len() / 3).min().map(|(_, word)| word)
        })
    }
}

/// Whether the words have so many letters in common that their distance can be small. It is asked of every field and spares most of them the
/// distance itself, which in an unoptimised build costs as much as a tenth of checking a struct.
fn is_near(found: &str, word: &str) -> bool {
    let most = word.len() / 3;
    if found.len().abs_diff(word.len()) > most {
        return false;
    }
    let mut letters = [0_u8; 128];
    for &letter in word.as_bytes() {
        letters[usize::from(letter & 127)] += 1;
    }
    let mut common = 0;
    for &letter in found.as_bytes() {
        let left = &mut letters[usize::from(letter & 127)];
        if *left > 0 {
            *left -= 1;
            common += 1;
        }
    }
    found.len().max(word.len()) - common <= most
}

/// `` `a`, `b` or `c` ``.
pub(crate) fn list(words: &[&str], conjunction: &str) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// `EPOLLIN`, `EpollIn`, `r#in` and `in` are one word.
fn normalize(found: &str) -> String {
    let lower = found.trim_start_matches("r#").to_lowercase().replace('-', "_");
    match lower.strip_prefix("epoll") {
        Some("") | None => lower,
        Some(rest) => rest.trim_start_matches('_').to_owned(),
    }
}

/// The number of letters to insert, to remove, to replace or to swap with the next one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<_>, Vec<_>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = match (i, j) {
                (0, n) | (n, 0) => n,
                _ => {
                    let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let swapped = if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]
                    {
                        rows[i - 2][j - 2] + 1
                    } else {
                        usize::MAX
                    };
                    replaced.min(swapped).min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1)
                }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Words = Words { words: &["readable", "writable"], aliases: &[("in", "readable")] };

    #[test]
    fn a_typo_is_recognised() {
        assert_eq!(WORDS.remedy("raedable"), "did you mean `readable`?");
        assert_eq!(WORDS.remedy("writeable"), "did you mean `writable`?");
    }

    #[test]
    fn kernel_spellings_are_recognised() {
        for spelling in ["EPOLLIN", "in", "r#in", "EPOLL_IN", "EpollIn"] {
            assert_eq!(WORDS.remedy(spelling), "did you mean `readable`?");
        }
    }

    #[test]
    fn a_strange_word_gets_the_list() {
        assert_eq!(WORDS.remedy("banana"), "expected `readable` or `writable`");
    }
}
