//! Behind which tokens could a sentence end? `stream/clean/stops.py` says how that is told.

use memchr::{memchr, memchr3, memmem};
use pyo3::prelude::*;

use crate::known::Memory;
use crate::words::Stretch;

pub struct Stops {
    pub may_end: Vec<u8>,
    pub offsets: Vec<u32>,
    pub tokens_before: Vec<u32>,
}

const WORD: u8 = b'a';
const STOP: u8 = b'.';
const END: u8 = b'\n';
const OTHER: u8 = b' ';

/// Whether a character beyond ASCII stands in a text that may end a sentence, those apart that are read as ASCII.
pub fn any_may_stop(text: &str, memory: &Memory, may_stop: &Bound<'_, PyAny>) -> PyResult<bool> {
    let mut unknown = Vec::new();
    {
        let known = memory.lock();
        for character in text.chars().filter(|&c| !c.is_ascii() && c != '…') {
            match known.may_stop.get(&character) {
                Some(true) => return Ok(true),
                Some(false) => {}
                None => unknown.push(character),
            }
        }
    }
    unknown.sort_unstable();
    unknown.dedup();
    let mut any = false;
    for character in unknown {
        let may = may_stop.call1((character,))?.extract()?;
        memory.lock().remember_stop(character, may);
        any |= may;
    }
    Ok(any)
}

pub fn find(text: &str, stretches: &[Stretch], tokens: usize) -> Stops {
    let bytes = text.as_bytes();
    let mut found = Stops { may_end: vec![0; tokens], offsets: Vec::new(), tokens_before: Vec::new() };
    let mut stretch = 0;
    // The same place in bytes and in code points.
    let (mut counted, mut index) = (0, 0);
    let mut next = 0;
    let mut signs = Signs::new(bytes);
    while let Some(mut at) = signs.next(next) {
        let Some(size) = end_at(bytes, at) else {
            next = at + 1;
            continue;
        };
        next = at + size;
        // Of two ends in a row the second one will do.
        if let Some(size) = end_at(bytes, next) {
            at = next;
            next += size;
        }
        index += text[counted..at].chars().count();
        counted = at;
        while stretches.get(stretch).is_some_and(|each| each.start as usize <= index) {
            stretch += 1;
        }
        let before = stretches.get(stretch).map_or(tokens, |each| each.tokens_before as usize);
        if before > 0 {
            found.may_end[before - 1] = 1;
            found.offsets.push(index as u32);
            found.tokens_before.push(before as u32);
        }
    }
    found
}

/// Where signs stand that may end something.
struct Signs<'a> {
    bytes: &'a [u8],
    /// Nearly all texts have no signs but `.!?` and the ends of lines, which are quickly found.
    is_plain: bool,
    /// Of these the next ones, as far as they were looked for.
    stop: Option<usize>,
    line: Option<usize>,
}

impl<'a> Signs<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let is_plain = !bytes.iter().fold(false, |any, &byte| any | (byte < b' ') & (byte != b'\n'))
            && memmem::find(bytes, ELLIPSIS).is_none();
        let (stop, line) = if is_plain { (next_stop(bytes, 0), memchr(b'\n', bytes)) } else { (None, None) };
        Signs { bytes, is_plain, stop, line }
    }

    /// The first one at a place or behind it; places ascend.
    fn next(&mut self, from: usize) -> Option<usize> {
        if !self.is_plain {
            return self.bytes[from..]
                .iter()
                .position(|&byte| MAY_BEGIN_END[byte as usize])
                .map(|skipped| from + skipped);
        }
        if self.stop.is_some_and(|stop| stop < from) {
            self.stop = next_stop(self.bytes, from);
        }
        if self.line.is_some_and(|line| line < from) {
            self.line = memchr(b'\n', &self.bytes[from..]).map(|skipped| from + skipped);
        }
        self.stop.into_iter().chain(self.line).min()
    }
}

fn next_stop(bytes: &[u8], from: usize) -> Option<usize> {
    memchr3(b'.', b'!', b'?', &bytes[from..]).map(|skipped| from + skipped)
}

/// How many bytes the sign at a place has, if it may end something.
fn end_at(bytes: &[u8], at: usize) -> Option<usize> {
    let size = match class(*bytes.get(at)?) {
        END => return Some(1),
        STOP => 1,
        _ if bytes[at..].starts_with(ELLIPSIS) => ELLIPSIS.len(),
        _ => return None,
    };
    // A stop inside of a word ends nothing.
    bytes.get(at + size).is_none_or(|&byte| class(byte) != WORD).then_some(size)
}

/// Reads as a stop.
const ELLIPSIS: &[u8] = "…".as_bytes();

fn class(byte: u8) -> u8 {
    if byte < 128 {
        CLASSES[byte as usize]
    } else {
        OTHER
    }
}

const MAY_BEGIN_END: [bool; 256] = {
    let mut may = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        may[byte] = matches!(CLASSES[byte], STOP | END);
        byte += 1;
    }
    may[ELLIPSIS[0] as usize] = true;
    may
};

const CLASSES: [u8; 128] = {
    let mut classes = [OTHER; 128];
    let mut code = 0u8;
    while code < 128 {
        classes[code as usize] = match code {
            b'-' | b',' | b';' | b':' => WORD,
            b'.' | b'!' | b'?' => STOP,
            b'\n' | 0x0b | 0x0c | b'\r' | 0x1d => END,
            _ if code.is_ascii_alphanumeric() => WORD,
            _ => OTHER,
        };
        code += 1;
    }
    classes
};
