//! What is asked of every line of a text: is it plainly no residue (`stream/clean/residue.py`), and where do paragraphs end
//! if no line is cut by hand (`stream/clean/ends.py`)? What is not told at a glance is left to the Python.

use std::collections::{HashMap, HashSet};

use memchr::memmem::Finder;
use memchr::{memchr, memchr2_iter, memchr3, memchr3_iter};
use pyo3::prelude::*;
use pyo3::types::PyString;

/// Tells lines that are plainly no residue.
#[pyclass(frozen, module = "redline_native")]
pub struct Lines {
    first_words: HashSet<String>,
    beginnings: HashSet<String>,
    onwards: HashMap<String, Vec<String>>,
    onwards_max: usize,
    signs: String,
    marks: Vec<Finder<'static>>,
    sections: HashSet<String>,
    limits: LineLimits,
}

/// The first three are in code points. The least number of words of a shape, of a line of names of sections, and of one in
/// which a word repeats itself.
struct LineLimits {
    beginning: usize,
    short: usize,
    long: usize,
    unended_max: usize,
    words_min: usize,
    sections_min: usize,
    repeating_min: usize,
}

/// A line, and whether its shape and its function are to be looked at.
type Suspect = (String, bool, bool);

/// In small letters the sign of Kelvin is ASCII.
const KELVIN: char = '\u{212a}';

#[pymethods]
impl Lines {
    /// Lines of furniture begin with one of `first_words`, of which `beginnings` are the first characters, or are short,
    /// or begin with one of `signs`, or have one of `marks` in them. Behind some words one of `onwards` follows. Bars are
    /// made of names of `sections`. All in small letters. `limits` are those of `LineLimits`.
    #[new]
    fn new(
        first_words: HashSet<String>,
        beginnings: HashSet<String>,
        onwards: HashMap<String, Vec<String>>,
        signs: String,
        marks: Vec<String>,
        sections: HashSet<String>,
        limits: (usize, usize, usize, usize, usize, usize, usize),
    ) -> Self {
        let (beginning, short, long, unended_max, words_min, sections_min, repeating_min) = limits;
        Lines {
            first_words,
            beginnings,
            onwards_max: onwards.values().flatten().map(String::len).max().unwrap_or_default(),
            onwards,
            signs,
            marks: marks.iter().map(|mark| Finder::new(mark).into_owned()).collect(),
            sections,
            limits: LineLimits { beginning, short, long, unended_max, words_min, sections_min, repeating_min },
        }
    }

    /// The lines of a text that need a closer look; None if so many lack the end of a sentence that they may be a run,
    /// or if the text has no UTF-8.
    fn suspects(&self, text: &Bound<'_, PyString>) -> PyResult<Option<Vec<Suspect>>> {
        let Ok(source) = text.to_str() else { return Ok(None) };
        let is_marked = self.has_mark(source);
        let mut found = Vec::new();
        let mut unended = 0;
        let mut start = 0;
        for end in memchr2_iter(b'\n', b'\r', source.as_bytes()).chain([source.len()]) {
            let line = source[start..end].trim_matches(is_blank);
            start = end + 1;
            let Some(last) = line.chars().next_back() else { continue };
            let mut has_shape = false;
            if !matches!(last, '.' | '!' | '?') {
                unended += 1;
                if unended >= self.limits.unended_max {
                    return Ok(None);
                }
                // A sentence that ends in the line says that it has no shape.
                has_shape = !ends_sentence(line) && self.may_have_shape(line);
            }
            let has_function = self.may_have_function(line, is_marked);
            if has_shape || has_function {
                found.push((line.to_owned(), has_shape, has_function));
            }
        }
        Ok(Some(found))
    }
}

impl Lines {
    fn may_have_function(&self, line: &str, is_marked: bool) -> bool {
        if line.len() > self.limits.long && line.chars().count() > self.limits.long {
            return false;
        }
        (is_marked && self.has_mark(line)) || self.may_be_furniture(line)
    }

    fn has_mark(&self, source: &str) -> bool {
        let small = source.to_ascii_lowercase();
        source.contains(KELVIN) || self.marks.iter().any(|mark| mark.find(small.as_bytes()).is_some())
    }

    /// As `stream.clean.furniture` has it; true if it takes a closer look.
    fn may_be_furniture(&self, line: &str) -> bool {
        let length = first_word(line);
        if length == 0 {
            return line.chars().next().is_none_or(|first| !first.is_ascii() || self.signs.contains(first));
        }
        let beginning = line.char_indices().nth(self.limits.beginning).map_or(line, |(end, _)| &line[..end]);
        let begins = self.beginnings.contains(&beginning.to_ascii_lowercase());
        if !begins && beginning.len() > 2 && beginning.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return false;
        }
        let word = line[..length].to_ascii_lowercase();
        if self.first_words.contains(&word) {
            return self.onwards.get(&word).is_none_or(|onwards| self.goes_on(&line[length..], onwards));
        }
        let is_short = line.len() <= self.limits.short || line.chars().count() <= self.limits.short;
        is_short && word.get(..self.limits.beginning.min(word.len())).is_none_or(|word| self.beginnings.contains(word))
    }

    fn goes_on(&self, rest: &str, onwards: &[String]) -> bool {
        let next = &rest.as_bytes()[..self.onwards_max.min(rest.len())];
        !next.is_ascii()
            || onwards.iter().any(|onwards| {
                next.get(..onwards.len()).is_some_and(|next| next.eq_ignore_ascii_case(onwards.as_bytes()))
            })
    }

    /// As `stream.clean.residue` has it; true if it takes a closer look, which lines do that are not plain.
    fn may_have_shape(&self, line: &str) -> bool {
        if !line.chars().all(is_seen) {
            return true;
        }
        let few = self.limits.words_min;
        if line.split(is_blank).filter(|word| !word.is_empty()).take(few).count() < few {
            return false;
        }
        let small = line.to_ascii_lowercase();
        if line.contains(is_separator) || has_two_blanks(line) || small.contains("icon") {
            return true;
        }
        let words = || small.split(|letter: char| !letter.is_ascii_lowercase()).filter(|word| word.len() > 1);
        let count = words().count();
        if count >= self.limits.sections_min && words().filter(|&word| self.sections.contains(word)).count() * 2 > count
        {
            return true;
        }
        count >= self.limits.repeating_min
            && [first_four, last_four].into_iter().any(|cut| {
                let stems: HashSet<&str> = words().map(cut).collect();
                // Where one of them is that of two words in five, there are at most so many others.
                (stems.len() - 1) * 5 <= count * 3
            })
    }
}

fn first_four(word: &str) -> &str {
    &word[..word.len().min(STEM)]
}

fn last_four(word: &str) -> &str {
    &word[word.len().saturating_sub(STEM)..]
}

const STEM: usize = 4;

fn is_separator(character: char) -> bool {
    matches!(character, '|' | '/' | '·' | '•' | '>' | '»' | '›' | '→')
}

fn has_two_blanks(line: &str) -> bool {
    let mut characters = line.chars().map(is_blank);
    let mut before = false;
    characters.any(|blank| std::mem::replace(&mut before, blank) && blank)
}

/// How many bytes long a word of ASCII letters is with which a line begins, apostrophes and hyphens between its parts.
fn first_word(line: &str) -> usize {
    let bytes = line.as_bytes();
    let is_letter = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_alphabetic);
    let mut end = 0;
    while is_letter(end) {
        end += 1;
        if !is_letter(end) {
            let sign = match line[end..].chars().next() {
                Some(sign @ ('\'' | '’' | '-')) => sign.len_utf8(),
                _ => break,
            };
            if is_letter(end + sign) {
                end += sign;
            }
        }
    }
    end
}

/// Whether a sentence ends in a line; of signs beyond ASCII it is not told.
fn ends_sentence(line: &str) -> bool {
    memchr3_iter(b'.', b'!', b'?', line.as_bytes()).any(|end| {
        let behind = line[end + 1..].trim_start_matches(is_closing);
        // No more than three of them close a sentence; where there are more, it takes a closer look.
        let closing = line[end + 1..line.len() - behind.len()].chars().count();
        closing <= CLOSING_MAX && behind.chars().next().is_none_or(is_blank)
    })
}

const CLOSING_MAX: usize = 3;

fn is_closing(character: char) -> bool {
    matches!(character, '"' | '”' | '’' | '\'' | '»' | ')' | ']' | '*' | '_')
}

/// A text without line breaks and other blanks than ` `, and where its paragraphs end, in code points: wherever one of
/// `breaks` stands. None if it takes a closer look. `wrapping`: of texts whose lines may be cut by hand the fewest lines,
/// the lowest median of their lengths, the greatest length of a line (code points), and how many are no longer (percent).
#[pyfunction]
pub fn paragraphs(
    text: &Bound<'_, PyString>,
    breaks: &str,
    wrapping: Option<(usize, usize, usize, usize)>,
) -> Option<(String, Vec<u32>)> {
    let source = text.to_str().ok()?;
    let bytes = source.as_bytes();
    let mut plain = String::with_capacity(source.len());
    let mut found = Vec::new();
    // How far the text was copied, in bytes and in code points.
    let (mut copied, mut index) = (0, 0);
    let mut next = 0;
    // Nearly all texts have no breaks but `\n`, which are quickly found.
    let is_plain = !bytes.iter().fold(false, |any, &byte| any | (byte < b' ') & (byte != b'\n'))
        && memchr3(0xc2, 0xa8, 0xa9, bytes).is_none();
    let next_break = |from: usize| {
        let rest = &bytes[from..];
        let skipped =
            if is_plain { memchr(b'\n', rest) } else { rest.iter().position(|&byte| MAY_BEGIN_BREAK[byte as usize]) };
        skipped.map(|skipped| from + skipped)
    };
    while let Some(at) = next_break(next) {
        let character = source[at..].chars().next().unwrap_or_default();
        next = at + character.len_utf8();
        let character = if character == '\r' { '\n' } else { character };
        match character {
            '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => return None,
            '\u{1d}' if wrapping.is_some() => return None,
            '\t' | '\n' | '\u{a0}' | '\u{1d}' => {
                let before = &source[copied..at];
                index += before.chars().count();
                if breaks.contains(character) {
                    found.push(index as u32);
                }
                plain.push_str(before);
                plain.push(' ');
                copied = next;
                index += 1;
            }
            _ => {}
        }
    }
    plain.push_str(&source[copied..]);
    if wrapping.is_some_and(|wrapping| may_be_wrapped(source, wrapping)) {
        return None;
    }
    Some((plain, found))
}

/// The first bytes of what `paragraphs` looks at.
const MAY_BEGIN_BREAK: [bool; 256] = {
    let mut may = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        may[byte] = matches!(byte as u8, b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0x1d);
        byte += 1;
    }
    // U+0085 and U+00A0, U+2028 and U+2029.
    may[0xc2] = true;
    may[0xe2] = true;
    may
};

/// Whether the lengths of lines say that these may be cut by hand; true if that takes a closer look.
fn may_be_wrapped(
    source: &str,
    (lines_min, median_min, line_max, within_percent): (usize, usize, usize, usize),
) -> bool {
    let mut lengths = Vec::new();
    for written in source.split(['\n', '\r']) {
        let line = written.trim_end_matches(is_blank);
        let (Some(first), Some(last)) = (line.chars().next(), line.chars().next_back()) else { continue };
        // What vanishes in reading is not counted, if it stands at an edge.
        if !is_seen(first) || !is_seen(last) {
            return true;
        }
        lengths.push(line.chars().count());
    }
    if lengths.len() < lines_min {
        return false;
    }
    lengths.sort_unstable();
    let twice_median = lengths[(lengths.len() - 1) / 2] + lengths[lengths.len() / 2];
    let within = lengths.iter().filter(|&&length| length <= line_max).count();
    (2 * median_min..=2 * line_max).contains(&twice_median) && within * 100 >= within_percent * lengths.len()
}

/// White space as Python's `str.isspace` knows it.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

fn is_seen(character: char) -> bool {
    character.is_ascii() || matches!(character, '“' | '”' | '„' | '«' | '»' | '’' | '‘' | '…' | '\u{2013}' | '\u{2014}')
}
