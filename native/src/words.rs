//! Rules 3 to 5 of the language: a text as tokens. `stream/clean/tokens.py` says what they are, and how stretches
//! between blanks are read.

use std::sync::{MutexGuard, OnceLock};

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};
use pyo3::IntoPyObjectExt;

use crate::known::{Known, Memory};
use crate::stops::{self, Stops};

/// After one of these the next part of a compound belongs to the same token.
const REVERSING_PREFIXES: [&str; 6] = ["de", "non", "anti", "un", "dis", "counter"];

/// What stands within words: behind each of them a prefix may begin.
const SIGNS: [char; 4] = ['-', '.', ',', '\''];

/// A text of which the characters beyond ASCII take more than one byte in so many is written in another alphabet.
const FOREIGN_RATIO: usize = 4;

/// For each ASCII character what stands for it in plain text: a blank for all that is never part of a word.
const PLAIN: [u8; 128] = {
    let mut table = [b' '; 128];
    let mut code = 0u8;
    while code < 128 {
        if code.is_ascii_alphanumeric() {
            table[code as usize] = code.to_ascii_lowercase();
        } else if matches!(code, b'\'' | b'-' | b'.' | b',') {
            table[code as usize] = code;
        } else if code == b'`' {
            table[code as usize] = b'\'';
        }
        code += 1;
    }
    table
};

/// Typographic characters and what stands for them.
fn spelling(character: char) -> Option<u8> {
    match character {
        '’' | '‘' | 'ʼ' | '′' => Some(b'\''),
        '\u{2010}'..='\u{2013}' => Some(b'-'),
        '“' | '”' | '„' | '«' | '»' | '…' | '\u{2014}' | '\u{a0}' => Some(b' '),
        _ => None,
    }
}

/// Reads texts, and remembers what their words are.
#[pyclass(frozen, module = "redline_native")]
pub struct Reader {
    read_plain: Py<PyAny>,
    read_written: Py<PyAny>,
    memory: std::sync::Mutex<Memory>,
}

#[pymethods]
impl Reader {
    /// `read_plain` reads a stretch of plain text, `read_written` one of the text as it is; both give tuples of tokens.
    #[new]
    fn new(read_plain: Py<PyAny>, read_written: Py<PyAny>) -> Self {
        Reader { read_plain, read_written, memory: Default::default() }
    }

    /// The tokens of a text; None if it is written in another alphabet, or no text that has a UTF-8.
    fn words(&self, text: &Bound<'_, PyString>) -> PyResult<Option<Words>> {
        let Ok(source) = text.to_str() else { return Ok(None) };
        if !source.is_ascii() && is_foreign(source) {
            return Ok(None);
        }
        let py = text.py();
        let memory = self.memory();
        let mut found = Found::new(source.len());
        found.read(py, source, self, &memory)?;
        let plain = PyString::new(py, std::str::from_utf8(&found.plain)?).unbind();
        Ok(Some(Words {
            text: text.clone().unbind(),
            plain,
            memory,
            numbers: found.numbers,
            stretches: found.stretches,
            joined: found.joined,
            tokens: PyOnceLock::new(),
            joined_list: PyOnceLock::new(),
            stops: OnceLock::new(),
        }))
    }

    /// Forget every word seen so far.
    fn forget(&self) {
        *self.memory.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Memory::default();
    }
}

impl Reader {
    fn memory(&self) -> Memory {
        let mut current = self.memory.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let full = current.lock().is_full();
        if full {
            *current = Memory::default();
        }
        current.clone()
    }
}

/// The tokens of a text, and how they were found: `stream.clean.tokens.Words` says what each part is.
#[pyclass(frozen, module = "redline_native")]
pub struct Words {
    #[pyo3(get)]
    text: Py<PyString>,
    #[pyo3(get)]
    plain: Py<PyString>,
    pub memory: Memory,
    pub numbers: Vec<u32>,
    pub stretches: Vec<Stretch>,
    joined: Vec<(u32, i32)>,
    tokens: PyOnceLock<Py<PyList>>,
    joined_list: PyOnceLock<Py<PyList>>,
    /// Once it was asked.
    stops: OnceLock<Option<Stops>>,
}

/// Where what stands between two blanks begins, in code points, and how many tokens are before it; how many letters and
/// digits of ASCII it has if it is nothing but these, which are one token, else 0.
pub struct Stretch {
    pub start: u32,
    pub tokens_before: u32,
    letters: u32,
}

#[pymethods]
impl Words {
    fn __len__(&self) -> usize {
        self.numbers.len()
    }

    #[getter]
    fn tokens(&self, py: Python<'_>) -> PyResult<Py<PyList>> {
        let list = self.tokens.get_or_try_init(py, || {
            let tokens: Vec<_> = {
                let known = self.memory.lock();
                self.numbers.iter().map(|&number| known.token(py, number)).collect()
            };
            PyResult::Ok(PyList::new(py, tokens)?.unbind())
        })?;
        Ok(list.clone_ref(py))
    }

    #[getter]
    fn joined(&self, py: Python<'_>) -> PyResult<Py<PyList>> {
        let list = self.joined_list.get_or_try_init(py, || PyResult::Ok(PyList::new(py, &self.joined)?.unbind()))?;
        Ok(list.clone_ref(py))
    }

    /// The stretch that holds a token: where it begins, how many letters and digits of ASCII it has if it is nothing but
    /// these, else 0, and the number of its first token.
    fn stretch(&self, position: u32) -> PyResult<(u32, u32, u32)> {
        if position as usize >= self.numbers.len() {
            return Err(PyIndexError::new_err(format!("found {position}, expected a token of {}", self.numbers.len())));
        }
        let behind = self.stretches.partition_point(|stretch| stretch.tokens_before <= position);
        let Stretch { start, letters, tokens_before } = self.stretches[behind - 1];
        Ok((start, letters, tokens_before))
    }

    /// The stretches between some offsets, which ascend, that have tokens in them: where each begins and ends, its
    /// paragraph, and the number of the first token behind it. `paragraphs` are the offsets where those may begin.
    fn units(&self, edges: Vec<u32>, paragraphs: std::collections::HashSet<u32>) -> Units {
        let (mut starts, mut ends, mut numbers, mut behind) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut stretches = self.stretches.iter().peekable();
        let mut passed = 0;
        let mut paragraph = 0;
        let mut is_counted = true;
        for edge in edges.windows(2) {
            is_counted &= !paragraphs.contains(&edge[0]);
            while stretches.next_if(|stretch| stretch.start < edge[1]).is_some() {}
            let before = stretches.peek().map_or(self.numbers.len() as u32, |stretch| stretch.tokens_before);
            if before > passed {
                // Only sentences and paragraphs with words in them have a number.
                paragraph += u32::from(!is_counted && passed > 0);
                is_counted = true;
                starts.push(edge[0]);
                ends.push(edge[1]);
                numbers.push(paragraph);
                behind.push(before);
                passed = before;
            }
        }
        (starts, ends, numbers, behind)
    }

    /// Behind which tokens a sentence may end, as `stream.clean.stops` says; `may_stop` is asked about characters
    /// beyond ASCII. None if it takes a closer look to tell.
    fn stops(&self, py: Python<'_>, may_stop: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyTuple>>> {
        let Some(found) = self.stops_found(py, may_stop)? else { return Ok(None) };
        let parts = [
            PyBytes::new(py, &found.may_end).into_py_any(py)?,
            (&found.offsets).into_py_any(py)?,
            (&found.tokens_before).into_py_any(py)?,
        ];
        Ok(Some(PyTuple::new(py, parts)?.unbind()))
    }
}

impl Words {
    /// What `stops` says, found once.
    pub fn stops_found(&self, py: Python<'_>, may_stop: &Bound<'_, PyAny>) -> PyResult<Option<&Stops>> {
        if let Some(known) = self.stops.get() {
            return Ok(known.as_ref());
        }
        let text = self.text.bind(py).to_str()?;
        let found = if !text.is_ascii() && stops::any_may_stop(text, &self.memory, may_stop)? {
            None
        } else {
            Some(stops::find(text, &self.stretches, self.numbers.len()))
        };
        Ok(self.stops.get_or_init(|| found).as_ref())
    }
}

/// Whether a text is written in another alphabet, so that nearly every word would be asked of Python.
fn is_foreign(source: &str) -> bool {
    let (mut code_points, mut more) = (0, 0);
    for character in source.chars() {
        code_points += 1;
        if !character.is_ascii() && spelling(character).is_none() {
            more += character.len_utf8() - 1;
        }
    }
    more * FOREIGN_RATIO > code_points
}

type Units = (Vec<u32>, Vec<u32>, Vec<u32>, Vec<u32>);

/// What is found while a text is read.
struct Found {
    plain: Vec<u8>,
    numbers: Vec<u32>,
    stretches: Vec<Stretch>,
    joined: Vec<(u32, i32)>,
}

impl Found {
    fn new(bytes: usize) -> Self {
        Found {
            plain: Vec::with_capacity(bytes),
            numbers: Vec::with_capacity(bytes / 5),
            stretches: Vec::with_capacity(bytes / 5),
            joined: Vec::new(),
        }
    }

    fn read(&mut self, py: Python<'_>, source: &str, reader: &Reader, memory: &Memory) -> PyResult<()> {
        let bytes = source.as_bytes();
        let mut known = memory.lock();
        // How many bytes more than code points there have been.
        let mut more = 0usize;
        let mut index = 0;
        loop {
            while index < bytes.len() && bytes[index] < 128 && PLAIN[bytes[index] as usize] == b' ' {
                self.plain.push(b' ');
                index += 1;
            }
            if index == bytes.len() {
                break;
            }
            let mut open =
                Open { plain: self.plain.len(), source: index, start: (index - more) as u32, signs: 0, foreign: false };
            let end = loop {
                while index < bytes.len() && bytes[index].is_ascii_alphanumeric() {
                    self.plain.push(bytes[index].to_ascii_lowercase());
                    index += 1;
                }
                let Some(&byte) = bytes.get(index) else { break index };
                if byte < 128 {
                    if PLAIN[byte as usize] == b' ' {
                        break index;
                    }
                    open.signs += 1;
                    self.plain.push(PLAIN[byte as usize]);
                    index += 1;
                    continue;
                }
                let character = source[index..].chars().next().unwrap_or_default();
                let size = character.len_utf8();
                match spelling(character) {
                    Some(b' ') => break index,
                    Some(sign) => {
                        open.signs += 1;
                        self.plain.push(sign);
                    }
                    None => {
                        open.foreign = true;
                        self.plain.extend_from_slice(&bytes[index..index + size]);
                    }
                }
                more += size - 1;
                index += size;
            };
            known = self.close(py, open, &source[..end], end < bytes.len(), reader, memory, known)?;
            if index < bytes.len() {
                // A blank, or a character that is read as one.
                self.plain.push(b' ');
                let size = source[index..].chars().next().map_or(1, char::len_utf8);
                more += size - 1;
                index += size;
            }
        }
        Ok(())
    }

    /// A stretch ends where `source` does, before a blank or with the text. `known` is let go while Python is asked.
    #[allow(clippy::too_many_arguments)]
    fn close<'a>(
        &mut self,
        py: Python<'_>,
        mut open: Open,
        source: &str,
        at_blank: bool,
        reader: &Reader,
        memory: &'a Memory,
        mut known: MutexGuard<'a, Known>,
    ) -> PyResult<MutexGuard<'a, Known>> {
        let mut end = source.len();
        let mut last = self.plain.len();
        if at_blank {
            // A comma before a blank, a stop before it, or both, are no part of a word.
            for sign in [b',', b'.'] {
                if last > open.plain && self.plain[last - 1] == sign {
                    last -= 1;
                    end -= 1;
                    open.signs -= 1;
                    self.plain[last] = b' ';
                }
            }
            if last == open.plain {
                return Ok(known);
            }
        }
        let before = self.numbers.len();
        let word = &self.plain[open.plain..last];
        let is_word = open.signs == 0 && !open.foreign;
        let letters = if is_word { word.len() as u32 } else { 0 };
        self.stretches.push(Stretch { start: open.start, tokens_before: before as u32, letters });
        if is_word {
            self.numbers.push(known.number(py, word)?);
            return Ok(known);
        }
        let word = std::str::from_utf8(word)?;
        // What is written in capitals matters behind some prefixes, and in folding what is not ASCII.
        let is_written =
            open.foreign || (word.contains('-') && word.split(SIGNS).any(|part| REVERSING_PREFIXES.contains(&part)));
        let stretch = if is_written { &source[open.source..end] } else { word };
        let remembered = if is_written { &known.written } else { &known.plain };
        if let Some(numbers) = remembered.get(stretch) {
            self.numbers.extend_from_slice(numbers);
        } else {
            drop(known);
            let ask = if is_written { &reader.read_written } else { &reader.read_plain };
            let tokens: Vec<String> = ask.bind(py).call1((stretch,))?.extract()?;
            known = memory.lock();
            let numbers =
                tokens.iter().map(|token| known.number(py, token.as_bytes())).collect::<PyResult<Box<[u32]>>>()?;
            self.numbers.extend_from_slice(&numbers);
            known.remember(is_written, stretch, numbers);
        }
        let more = self.numbers.len() as i32 - before as i32 - 1;
        if more != 0 {
            self.joined.push((open.start, more));
        }
        Ok(known)
    }
}

/// A stretch between blanks that has begun: where in plain text and in the source (bytes), and at which code point.
struct Open {
    plain: usize,
    source: usize,
    start: u32,
    signs: usize,
    foreign: bool,
}
