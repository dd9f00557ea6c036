//! Rule 7 of the language, told by signs: `stream/clean/ends.py` says how, and what stretches between blanks are.

use std::sync::{Mutex, PoisonError};

use hashbrown::HashMap;
use memchr::{memchr, memchr3, memrchr};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::words::Words;

const STRETCHES_MAX: usize = 8_000;
const CHARACTERS_MAX: usize = 65_536;
const STRETCH_BYTES_MAX: usize = 80;

/// Finds where sentences end, and remembers what was said of stretches and characters.
#[pyclass(frozen, module = "redline_native")]
pub struct Sentences {
    code: Py<PyAny>,
    may_end: Py<PyAny>,
    openings: Vec<u8>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    codes: HashMap<Box<str>, Option<u8>>,
    may_end: HashMap<char, bool>,
}

#[pymethods]
impl Sentences {
    /// `code` says of a stretch before what a sentence ends behind it (times 4) and what may begin with it, None if
    /// that is too complex; `may_end` of a character beyond ASCII whether it may end a sentence; `openings` of each
    /// character of ASCII what may begin with it.
    #[new]
    fn new(code: Py<PyAny>, may_end: Py<PyAny>, openings: Vec<u8>) -> Self {
        Sentences { code, may_end, openings, known: Mutex::default() }
    }

    /// Where sentences end in a text that has no blanks but ` `, in code points, ascending; what ends with the text may
    /// be left out. None if that is too complex.
    fn ends(&self, text: &Bound<'_, PyString>) -> PyResult<Option<Vec<u32>>> {
        let Ok(source) = text.to_str() else { return Ok(None) };
        self.find(text.py(), source)
    }

    /// For each token of such a text 1 if a sentence ends behind it, else 0; `paragraphs` are offsets where paragraphs
    /// end, and sentences with them. None if that is too complex.
    fn behind<'py>(
        &self,
        text: &Bound<'py, PyString>,
        mut paragraphs: Vec<u32>,
        words: &Words,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let Ok(source) = text.to_str() else { return Ok(None) };
        let Some(mut edges) = self.find(text.py(), source)? else { return Ok(None) };
        edges.append(&mut paragraphs);
        edges.sort_unstable();
        let mut behind = vec![0u8; words.numbers.len()];
        let mut stretch = 0;
        for edge in edges {
            while words.stretches.get(stretch).is_some_and(|each| each.start < edge) {
                stretch += 1;
            }
            let before = words.stretches.get(stretch).map_or(behind.len(), |each| each.tokens_before as usize);
            if before > 0 {
                behind[before - 1] = 1;
            }
        }
        if let Some(last) = behind.last_mut() {
            *last = 1;
        }
        Ok(Some(PyBytes::new(text.py(), &behind)))
    }
    /// Forget everything that was said.
    fn forget(&self) {
        *self.lock() = Known::default();
    }
}

impl Sentences {
    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, py: Python<'_>, source: &str) -> PyResult<Option<Vec<u32>>> {
        if self.any_may_end(py, source)? {
            return self.find_slowly(py, source);
        }
        let bytes = source.as_bytes();
        let mut ends = Vec::new();
        // The same place in bytes and in code points.
        let (mut counted, mut code_points) = (0, 0);
        let (mut next, mut passed) = (0, 0);
        while let Some(skipped) = memchr3(b'.', b'!', b'?', &bytes[next..]) {
            let sign = next + skipped;
            next = sign + 1;
            // Inside of a word (`3.5`, `U.S.`) a sign ends nothing.
            if bytes.get(next).is_some_and(u8::is_ascii_alphanumeric) {
                continue;
            }
            let start = memrchr(b' ', &bytes[passed..sign]).map_or(passed, |blank| passed + blank + 1);
            let end = memchr(b' ', &bytes[sign..]).map_or(bytes.len(), |blank| sign + blank);
            (next, passed) = (end, end);
            let Some(code) = self.code(py, &source[start..end])? else { return Ok(None) };
            let stop = code >> 2;
            if stop != 0 {
                let Some(opening) = self.opening(py, source, end)? else { return Ok(None) };
                if stop & opening != 0 {
                    code_points += source[counted..end].chars().count();
                    counted = end;
                    ends.push(code_points as u32);
                }
            }
        }
        Ok(Some(ends))
    }

    /// Whether characters beyond ASCII that may end a sentence stand in a text.
    fn any_may_end(&self, py: Python<'_>, source: &str) -> PyResult<bool> {
        let bytes = source.as_bytes();
        let mut next = 0;
        while let Some(skipped) = bytes[next..].iter().position(|byte| !byte.is_ascii()) {
            let character = source[next + skipped..].chars().next().unwrap_or_default();
            if self.may_end(py, character)? {
                return Ok(true);
            }
            next += skipped + character.len_utf8();
        }
        Ok(false)
    }

    /// The same for any text, character by character.
    fn find_slowly(&self, py: Python<'_>, source: &str) -> PyResult<Option<Vec<u32>>> {
        let bytes = source.as_bytes();
        let mut ends = Vec::new();
        // How many bytes more than code points there have been.
        let mut more = 0;
        let mut index = 0;
        while index < bytes.len() {
            if bytes[index] == b' ' {
                index += 1;
                continue;
            }
            let start = index;
            let mut is_asked = false;
            while index < bytes.len() && bytes[index] != b' ' {
                let byte = bytes[index];
                let mut size = 1;
                let is_sign = if byte < 128 {
                    matches!(byte, b'.' | b'!' | b'?')
                } else {
                    let character = source[index..].chars().next().unwrap_or_default();
                    size = character.len_utf8();
                    self.may_end(py, character)?
                };
                more += size - 1;
                index += size;
                // Inside of a word (`3.5`, `U.S.`) a sign ends nothing.
                is_asked |= is_sign && !bytes.get(index).is_some_and(u8::is_ascii_alphanumeric);
            }
            if is_asked {
                let Some(code) = self.code(py, &source[start..index])? else { return Ok(None) };
                let stop = code >> 2;
                if stop != 0 {
                    let Some(opening) = self.opening(py, source, index)? else { return Ok(None) };
                    if stop & opening != 0 {
                        ends.push((index - more) as u32);
                    }
                }
            }
        }
        Ok(Some(ends))
    }

    /// What the stretch behind one that ends at `end` begins with.
    fn opening(&self, py: Python<'_>, source: &str, end: usize) -> PyResult<Option<u8>> {
        let bytes = source.as_bytes();
        let Some(blanks) = bytes[end..].iter().position(|&byte| byte != b' ') else { return Ok(Some(0)) };
        let start = end + blanks;
        // A mark beyond ASCII may change what it stands upon.
        if matches!(bytes[start], 0x21..=0x7e) && matches!(bytes.get(start + 1), Some(0x20..=0x7e)) {
            return Ok(Some(self.openings[bytes[start] as usize]));
        }
        let size = bytes[start..].iter().position(|&byte| byte == b' ').unwrap_or(bytes.len() - start);
        Ok(self.code(py, &source[start..start + size])?.map(|code| code & 3))
    }

    fn code(&self, py: Python<'_>, stretch: &str) -> PyResult<Option<u8>> {
        if let Some(&code) = self.lock().codes.get(stretch) {
            return Ok(code);
        }
        let code = self.code.bind(py).call1((stretch,))?.extract()?;
        if stretch.len() <= STRETCH_BYTES_MAX {
            let codes = &mut self.lock().codes;
            if codes.len() >= STRETCHES_MAX {
                codes.clear();
            }
            codes.insert(stretch.into(), code);
        }
        Ok(code)
    }

    fn may_end(&self, py: Python<'_>, character: char) -> PyResult<bool> {
        if let Some(&may_end) = self.lock().may_end.get(&character) {
            return Ok(may_end);
        }
        let may_end = self.may_end.bind(py).call1((character,))?.extract()?;
        let known = &mut self.lock().may_end;
        if known.len() >= CHARACTERS_MAX {
            known.clear();
        }
        known.insert(character, may_end);
        Ok(may_end)
    }
}
