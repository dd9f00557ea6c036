//! Behind which tokens could a sentence end? `stream/clean/stops.py` says how that is told.

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
    let mut classes: Vec<u8> = text.chars().map(class).collect();
    // A stop inside of a word ends nothing.
    for index in 0..classes.len() {
        if classes[index] == STOP {
            classes[index] = if classes.get(index + 1) == Some(&WORD) { WORD } else { END };
        }
    }
    let mut found = Stops { may_end: vec![0; tokens], offsets: Vec::new(), tokens_before: Vec::new() };
    let mut stretch = 0;
    let mut index = 0;
    while index < classes.len() {
        if classes[index] != END {
            index += 1;
            continue;
        }
        // Of two ends in a row the second one will do.
        if classes.get(index + 1) == Some(&END) {
            index += 1;
        }
        while stretches.get(stretch).is_some_and(|each| each.start as usize <= index) {
            stretch += 1;
        }
        let before = stretches.get(stretch).map_or(tokens, |each| each.tokens_before as usize);
        if before > 0 {
            found.may_end[before - 1] = 1;
            found.offsets.push(index as u32);
            found.tokens_before.push(before as u32);
        }
        index += 1;
    }
    found
}

fn class(character: char) -> u8 {
    match character {
        '\0'..='\x7f' => CLASSES[character as usize],
        '…' => STOP,
        _ => OTHER,
    }
}

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
