//! What is asked of every line of a text: is it plainly no residue (`stream/clean/residue.py`), and where do paragraphs end
//! if no line is cut by hand (`stream/clean/ends.py`)? What is not told at a glance is left to the Python.

use std::collections::HashSet;

use pyo3::prelude::*;
use pyo3::types::PyString;

/// Tells lines that are plainly no residue.
#[pyclass(frozen, module = "redline_native")]
pub struct Lines {
    first_words: HashSet<String>,
    beginnings: HashSet<String>,
    marks: Vec<String>,
    limits: LineLimits,
}

/// All of them but `unended_max` are in code points.
struct LineLimits {
    beginning: usize,
    short: usize,
    long: usize,
    unended_max: usize,
}

/// A line, and whether its shape and its function are to be looked at.
type Suspect = (String, bool, bool);

#[pymethods]
impl Lines {
    /// Lines of furniture begin with one of `first_words`, of which `beginnings` are the first characters, or are short,
    /// or have one of `marks` in them, in small letters.
    #[new]
    fn new(
        first_words: HashSet<String>,
        beginnings: HashSet<String>,
        marks: Vec<String>,
        limits: (usize, usize, usize, usize),
    ) -> Self {
        let (beginning, short, long, unended_max) = limits;
        Lines { first_words, beginnings, marks, limits: LineLimits { beginning, short, long, unended_max } }
    }

    /// The lines of a text that need a closer look; None if so many lack the end of a sentence that they may be a run,
    /// or if the text has no UTF-8.
    fn suspects(&self, text: &Bound<'_, PyString>) -> PyResult<Option<Vec<Suspect>>> {
        let Ok(source) = text.to_str() else { return Ok(None) };
        let mut found = Vec::new();
        let mut unended = 0;
        for written in source.split(['\n', '\r']) {
            let line = written.trim_matches(is_blank);
            let Some(last) = line.chars().next_back() else { continue };
            let mut has_shape = false;
            if !matches!(last, '.' | '!' | '?') {
                unended += 1;
                if unended >= self.limits.unended_max {
                    return Ok(None);
                }
                // A sentence that ends within the line says that it has no shape.
                has_shape = !line.contains(". ");
            }
            let has_function = self.may_have_function(line);
            if has_shape || has_function {
                found.push((line.to_owned(), has_shape, has_function));
            }
        }
        Ok(Some(found))
    }
}

impl Lines {
    fn may_have_function(&self, line: &str) -> bool {
        let is_ascii = line.is_ascii();
        let code_points = if is_ascii { line.len() } else { line.chars().count() };
        if code_points > self.limits.long {
            return false;
        }
        let small = if is_ascii { line.to_ascii_lowercase() } else { line.to_lowercase() };
        if self.marks.iter().any(|mark| small.contains(mark.as_str())) {
            return true;
        }
        let word = small.split(' ').next().unwrap_or_default();
        if !is_word(word) {
            return true;
        }
        if code_points > self.limits.short && !self.first_words.contains(word) {
            return false;
        }
        // The first word is ASCII as it is read; as it is written it may not be.
        let Some(beginning) = line.get(..self.limits.beginning) else { return true };
        !is_word(beginning) || self.beginnings.contains(&beginning.to_ascii_lowercase())
    }
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
    let mut plain = String::with_capacity(source.len());
    let mut found = Vec::new();
    for (index, character) in source.chars().enumerate() {
        let character = if character == '\r' { '\n' } else { character };
        match character {
            '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => return None,
            '\u{1d}' if wrapping.is_some() => return None,
            '\t' | '\n' | '\u{a0}' | '\u{1d}' => {
                if breaks.contains(character) {
                    found.push(index as u32);
                }
                plain.push(' ');
            }
            _ => plain.push(character),
        }
    }
    if wrapping.is_some_and(|wrapping| may_be_wrapped(source, wrapping)) {
        return None;
    }
    Some((plain, found))
}

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

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}
