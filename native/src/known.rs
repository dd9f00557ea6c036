//! Tokens seen so far, by number, and what stretches between blanks were read as: bounded, and nothing but a memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// Above one of these a new memory is begun. Texts that were read before keep theirs.
const TOKENS_MAX: usize = 32_768;
const STRETCHES_MAX: usize = 16_384;
/// Longer stretches are read each time.
const STRETCH_BYTES_MAX: usize = 80;
const CHARACTERS_MAX: usize = 65_536;
/// One byte of sixteen is left for how many there are.
const SHORT_BYTES_MAX: usize = 15;
const BYTES_MAX: usize = 4 << 20;

/// A memory is shared by the texts that were read with it. It is never locked while Python may run.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Known>>);

#[derive(Default)]
pub struct Known {
    /// Of short tokens by their bytes, of others by what they are.
    short: HashMap<u128, u32>,
    long: HashMap<Box<str>, u32>,
    tokens: Vec<Py<PyString>>,
    /// Stretches of plain text, and others as they were written.
    pub plain: HashMap<Box<str>, Box<[u32]>>,
    pub written: HashMap<Box<str>, Box<[u32]>>,
    /// Whether characters beyond ASCII may end a sentence.
    pub may_stop: HashMap<char, bool>,
    bytes: usize,
}

impl Memory {
    pub fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is(&self, other: &Memory) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Known {
    pub fn is_full(&self) -> bool {
        self.tokens.len() > TOKENS_MAX
            || self.plain.len() + self.written.len() > STRETCHES_MAX
            || self.bytes > BYTES_MAX
    }

    /// The number of a token of UTF-8.
    pub fn number(&mut self, py: Python<'_>, token: &[u8]) -> PyResult<u32> {
        if token.len() <= SHORT_BYTES_MAX {
            let key = packed(token);
            if let Some(&number) = self.short.get(&key) {
                return Ok(number);
            }
            let number = self.add(py, std::str::from_utf8(token)?);
            self.short.insert(key, number);
            return Ok(number);
        }
        let token = std::str::from_utf8(token)?;
        if let Some(&number) = self.long.get(token) {
            return Ok(number);
        }
        let number = self.add(py, token);
        self.long.insert(token.into(), number);
        Ok(number)
    }

    fn add(&mut self, py: Python<'_>, token: &str) -> u32 {
        self.tokens.push(PyString::new(py, token).unbind());
        self.bytes += 2 * token.len();
        self.tokens.len() as u32 - 1
    }

    /// What a stretch was read as.
    pub fn remember(&mut self, is_written: bool, stretch: &str, numbers: Box<[u32]>) {
        if stretch.len() <= STRETCH_BYTES_MAX {
            self.bytes += stretch.len() + 4 * numbers.len();
            let stretches = if is_written { &mut self.written } else { &mut self.plain };
            stretches.insert(stretch.into(), numbers);
        }
    }

    pub fn remember_stop(&mut self, character: char, may: bool) {
        if self.may_stop.len() >= CHARACTERS_MAX {
            self.may_stop.clear();
        }
        self.may_stop.insert(character, may);
    }

    pub fn token(&self, py: Python<'_>, number: u32) -> Py<PyString> {
        self.tokens[number as usize].clone_ref(py)
    }

    /// How many tokens there are.
    pub fn size(&self) -> usize {
        self.tokens.len()
    }
}

/// Up to fifteen bytes as one number.
fn packed(token: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    bytes[..token.len()].copy_from_slice(token);
    bytes[15] = token.len() as u8;
    u128::from_le_bytes(bytes)
}
