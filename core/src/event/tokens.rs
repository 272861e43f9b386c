//! The keys and values of text that is known to be valid JSON.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::space;
use super::syntax;

/// A string with its quotes, unescaped.
pub(super) fn unescape(token: &str) -> Cow<'_, str> {
    if token.contains('\\') {
        let text = serde_json::from_str(token).expect("the syntax of the string was checked");
        Cow::Owned(text)
    } else {
        Cow::Borrowed(&token[1..token.len() - 1])
    }
}

/// A piece of a text and where it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) at: usize,
    pub(super) text: &'a str,
}

/// The fields of an object, in their order.
pub(super) struct Fields<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Fields<'a> {
    /// The fields of `text`, from a `{` to its `}`.
    pub(super) fn of(text: &'a str) -> Self {
        Fields { text, at: 1 }
    }

    fn token(&mut self) -> Token<'a> {
        let at = space::skip(self.text.as_bytes(), self.at);
        self.at = value_end(self.text.as_bytes(), at);
        let text = &self.text[at..self.at];
        Token { at, text }
    }

    /// Whether `b` stands next; if so it is taken.
    fn take(&mut self, b: u8) -> bool {
        self.at = space::skip(self.text.as_bytes(), self.at);
        let found = self.text.as_bytes()[self.at] == b;
        self.at += usize::from(found);
        found
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Token<'a>, Token<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.take(b',');
        if self.take(b'}') {
            return None;
        }
        let key = self.token();
        self.take(b':');
        Some((key, self.token()))
    }
}

/// Where the value that begins at `at` ends.
fn value_end(text: &[u8], at: usize) -> usize {
    match text[at] {
        b'"' => string_end(text, at),
        b'{' | b'[' => {
            let mut depth = 0;
            let mut at = at;
            loop {
                match text[at] {
                    b'"' => {
                        at = string_end(text, at);
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return at;
                }
            }
        }
        _ => {
            let in_scalar = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
            let length = text[at..].iter().take_while(|b| in_scalar(b)).count();
            at + length
        }
    }
}

/// Where the string whose opening quote is at `at` ends.
fn string_end(text: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    loop {
        at = syntax::plain(text, at);
        match text[at] {
            b'"' => return at + 1,
            _ => at += 2,
        }
    }
}

/// The first key that comes a second time in one of the objects of a value.
pub(super) fn duplicate<'a>(value: Token<'a>) -> Option<(usize, Cow<'a, str>)> {
    let text = value.text.as_bytes();
    // The keys of each open object; an array has none.
    let mut open: Vec<Option<BTreeSet<Cow<'a, str>>>> = Vec::new();
    let mut key_next = false;
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'{' => open.push(Some(BTreeSet::new())),
            b'[' => open.push(None),
            b'}' | b']' => drop(open.pop()),
            b'"' => {
                let end = string_end(text, at);
                if key_next && let Some(Some(keys)) = open.last_mut() {
                    let key = unescape(&value.text[at..end]);
                    if keys.contains(&key) {
                        return Some((value.at + at, key));
                    }
                    keys.insert(key);
                }
                key_next = false;
                at = end;
                continue;
            }
            _ => {}
        }
        if matches!(text[at], b'{' | b',') {
            key_next = true;
        }
        at += 1;
    }
    None
}

/// Appends a value without the white space between its tokens.
pub(super) fn compact(value: &str, out: &mut String) {
    let text = value.as_bytes();
    let mut at = 0;
    while at < text.len() {
        let from = at;
        at = match text[at] {
            b'"' => string_end(text, at),
            _ => at + 1,
        };
        let end = at;
        at = space::skip(text, at);
        out.push_str(&value[from..end]);
    }
}
